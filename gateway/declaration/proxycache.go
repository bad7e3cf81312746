package declaration

import (
	"net/http"
	"slices"
)

// ProxyCache keeps the answers that services mark as public, for as long as they say.
type ProxyCache struct {
	Strategy string `yaml:"strategy"`
	// Memory and CacheTTL are for Kong: the built-in gateway has its own memory, and keeps answers as long as services say.
	Memory        cacheMemory `yaml:"memory"`
	CacheTTL      int         `yaml:"cache_ttl"`
	CacheControl  bool        `yaml:"cache_control"`
	ResponseCode  []int       `yaml:"response_code"`
	RequestMethod []string    `yaml:"request_method"`
	ContentType   []string    `yaml:"content_type"`
}

type cacheMemory struct {
	DictionaryName string `yaml:"dictionary_name"`
}

func (c *ProxyCache) check() []string {
	noRead := func(method string) bool { return method != http.MethodGet && method != http.MethodHead }
	return complaints(
		complain(c.Strategy != "memory", "strategy: memory"),
		complain(!c.CacheControl, "cache_control: true, since the services know what may be kept"),
		complain(c.CacheTTL < 1, "cache_ttl: at least 1"),
		complain(!slices.Equal(c.ResponseCode, []int{http.StatusOK}), "response_code: [200]; to Kong, none means errors too"),
		complain(len(c.RequestMethod) == 0 || slices.ContainsFunc(c.RequestMethod, noRead), "request_method: of GET and HEAD"),
		complain(len(c.ContentType) == 0, "content_type: name them"),
	)
}
