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
	// VaryHeaders are request headers that answers depend on: each value has an answer of its own. Here, requests with a Cookie
	// pass the cache by, so for Cookie the built-in gateway does more than Kong.
	VaryHeaders []string `yaml:"vary_headers"`
}

type cacheMemory struct {
	DictionaryName string `yaml:"dictionary_name"`
}

func (c *ProxyCache) check() []string {
	noRead := func(method string) bool { return method != http.MethodGet && method != http.MethodHead }
	known := []string{"Accept-Language", "Cookie"}
	unknown := func(name string) bool { return !slices.Contains(known, name) }
	return complaints(
		complain(slices.ContainsFunc(c.VaryHeaders, unknown), "vary_headers: of Accept-Language and Cookie"),
		complain(c.Strategy != "memory", "strategy: memory"),
		complain(!c.CacheControl, "cache_control: true, since the services know what may be kept"),
		complain(c.CacheTTL < 1, "cache_ttl: at least 1"),
		complain(!slices.Equal(c.ResponseCode, []int{http.StatusOK}), "response_code: [200]; to Kong, none means errors too"),
		complain(len(c.RequestMethod) == 0 || slices.ContainsFunc(c.RequestMethod, noRead), "request_method: of GET and HEAD"),
		complain(len(c.ContentType) == 0, "content_type: name them"),
	)
}
