package declaration

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"stoa/pkg/common/web"
)

// Plugins are the plugins of a route, one of each type at most: that of the route, else of its service, else the one for
// all. Routes that share an instance share its counters.
type Plugins struct {
	APIKey        *APIKey
	RateLimiting  *RateLimiting
	CORS          *CORS
	SizeLimiting  *SizeLimiting
	CorrelationID *CorrelationID
	ProxyCache    *ProxyCache
	Termination   *Termination
}

// put makes this the plugin of its type, unless a more specific one is there.
func (p *Plugins) put(c config) {
	for _, field := range reflect.ValueOf(p).Elem().Fields() {
		if made := reflect.ValueOf(c); field.Type() == made.Type() && field.IsNil() {
			field.Set(made)
		}
	}
}

// config is the configuration of a plugin.
type config interface {
	// check returns what is wrong with the values, field by field.
	check() []string
}

// configs makes the configuration of each plugin that is supported, with Kong's defaults. Where we need another value than
// the default, check asks for it.
var configs = map[string]func(instance string) config{
	"stoa-api-key": func(string) config { return &APIKey{TimeoutMS: 1000, CacheSeconds: 4} },
	"rate-limiting": func(instance string) config {
		return &RateLimiting{Instance: instance, LimitBy: "consumer", FaultTolerant: true}
	},
	"cors":                  func(string) config { return &CORS{} },
	"request-size-limiting": func(string) config { return &SizeLimiting{AllowedPayloadSize: 128, SizeUnit: "megabytes"} },
	"correlation-id":        func(string) config { return &CorrelationID{HeaderName: "Kong-Request-ID", Generator: "uuid#counter"} },
	"proxy-cache":           func(string) config { return &ProxyCache{CacheTTL: 300} },
	"pre-function":          func(string) config { return &PreFunction{} },
	"request-termination":   func(string) config { return &Termination{} },
}

// APIKey is our own plugin: it requires an API key that allows what the route needs, and limits the requests of each key.
type APIKey struct {
	// VerificationURLs and TimeoutMS are for Kong: the built-in gateway asks through its sidecar.
	VerificationURLs []string `yaml:"verification_urls"`
	TimeoutMS        int      `yaml:"timeout_ms"`
	// CacheSeconds is how long an answer about a key is used.
	CacheSeconds int `yaml:"cache_seconds"`
	// Permission is the area, such as "shop", that a key must allow; empty for none.
	Permission string `yaml:"permission"`
	// LimitPerMinute is how many requests a key may send to all routes together; 0 for any number.
	LimitPerMinute int `yaml:"limit_per_minute"`
	// Anonymous lets requests without a key pass.
	Anonymous bool `yaml:"anonymous"`
	// Browser passes on what browsers send for their app: our cookies, and where a request comes from.
	Browser bool `yaml:"browser"`
}

func (c *APIKey) check() []string {
	return complaints(
		complain(c.CacheSeconds < 0 || c.CacheSeconds > 5, "cache_seconds: 0 to 5, since a revoked key must be refused after that"),
		complain(c.TimeoutMS < 1, "timeout_ms: at least 1"),
		complain(c.LimitPerMinute < 0, "limit_per_minute: 0, for no limit, or more"),
		complain(c.Browser && !c.Anonymous, "browser: needs anonymous, since browsers have no API key"),
		complain(!slices.Contains([]string{"", "shop", "blog"}, c.Permission), "permission: shop, blog, or empty for none, not %s", c.Permission),
	)
}

// RateLimiting limits how many requests may come in a second, a minute and an hour, counted apart for each client.
type RateLimiting struct {
	// Instance is the plugin's instance_name, by which its limits can change while the gateway runs.
	Instance string `yaml:"-"`
	Second   int64  `yaml:"second"`
	Minute   int64  `yaml:"minute"`
	Hour     int64  `yaml:"hour"`
	// LimitBy says what a client is: an address (ip), a header's value, or everyone together (service, path).
	LimitBy           string `yaml:"limit_by"`
	HeaderName        string `yaml:"header_name"`
	Path              string `yaml:"path"`
	Policy            string `yaml:"policy"`
	FaultTolerant     bool   `yaml:"fault_tolerant"`
	HideClientHeaders bool   `yaml:"hide_client_headers"`
}

func (c *RateLimiting) check() []string {
	return complaints(
		complain(c.Second == 0 && c.Minute == 0 && c.Hour == 0, "one of second, minute and hour is needed"),
		complain(c.Second < 0 || c.Minute < 0 || c.Hour < 0, "a limit is at least 1"),
		complain(!slices.Contains([]string{"ip", "header", "service", "path"}, c.LimitBy), "limit_by: ip, header, service or path, not %s: consumers are not supported", c.LimitBy),
		complain(c.LimitBy == "header" && c.HeaderName == "", "header_name: limit_by header needs it"),
		complain(c.LimitBy == "path" && c.Path == "", "path: limit_by path needs it"),
		complain(c.Policy != "" && c.Policy != "local", "policy: local, not %s: each gateway counts for itself", c.Policy),
	)
}

// CORS lets pages of other sites send requests.
type CORS struct {
	Origins           []string `yaml:"origins"`
	Methods           []string `yaml:"methods"`
	Headers           []string `yaml:"headers"`
	ExposedHeaders    []string `yaml:"exposed_headers"`
	Credentials       bool     `yaml:"credentials"`
	MaxAge            int      `yaml:"max_age"`
	PreflightContinue bool     `yaml:"preflight_continue"`
}

func (c *CORS) check() []string {
	all := complaints(
		complain(len(c.Origins) == 0, "origins: name them; to Kong, none means all"),
		complain(len(c.Methods) == 0, "methods: name them; to Kong, none means all"),
		complain(c.Credentials && slices.Contains(c.Origins, "*"), "origins: * with credentials would let every page act for anyone who opens it"),
		complain(len(c.Origins) > 1 && slices.Contains(c.Origins, "*"), "origins: * already includes the others"),
		complain(c.MaxAge < 0, "max_age: 0 or more"),
	)
	for _, origin := range c.Origins {
		if origin != "*" && !plainOrigin(origin) {
			all = append(all, fmt.Sprintf("origins: %s is not a plain origin such as https://shop.example", origin))
		}
	}
	return all
}

// plainOrigin reports scheme://host[:port], which Kong does not take for a regular expression.
func plainOrigin(origin string) bool {
	scheme, host, found := strings.Cut(origin, "://")
	return found && (scheme == "http" || scheme == "https") && host != "" && !strings.ContainsAny(host, `/*?+()[]{}^$|\@ `)
}

// SizeLimiting refuses bodies over a size.
type SizeLimiting struct {
	AllowedPayloadSize   int64  `yaml:"allowed_payload_size"`
	SizeUnit             string `yaml:"size_unit"`
	RequireContentLength bool   `yaml:"require_content_length"`
}

// sizeUnits are Kong's.
var sizeUnits = map[string]int64{"bytes": 1, "kilobytes": 1 << 10, "megabytes": 1 << 20}

// MaxBytes is the largest body that passes.
func (c *SizeLimiting) MaxBytes() int64 { return c.AllowedPayloadSize * sizeUnits[c.SizeUnit] }

func (c *SizeLimiting) check() []string {
	return complaints(
		complain(sizeUnits[c.SizeUnit] == 0, "size_unit: bytes, kilobytes or megabytes, not %s", c.SizeUnit),
		complain(c.AllowedPayloadSize < 1, "allowed_payload_size: at least 1"),
		complain(c.MaxBytes() > web.MaxBody, "allowed_payload_size: no app reads more than %d bytes", web.MaxBody),
	)
}

// CorrelationID gives each request an id that all log lines have. The built-in gateway always does so; the values are those
// that make Kong do the same.
type CorrelationID struct {
	HeaderName     string `yaml:"header_name"`
	Generator      string `yaml:"generator"`
	EchoDownstream bool   `yaml:"echo_downstream"`
}

func (c *CorrelationID) check() []string {
	return complaints(
		complain(!strings.EqualFold(c.HeaderName, "X-Request-Id"), "header_name: X-Request-Id, which all services log"),
		complain(c.Generator != "uuid", "generator: uuid"),
		complain(!c.EchoDownstream, "echo_downstream: true, since clients quote it"),
	)
}

// PreFunction is Lua that Kong runs on answers. It does what the built-in gateway does without it.
type PreFunction struct {
	HeaderFilter []string `yaml:"header_filter"`
	BodyFilter   []string `yaml:"body_filter"`
}

func (c *PreFunction) check() []string { return nil }

// Termination answers all requests that no other route takes, after the other plugins of its route. The values are those that
// make Kong answer as the built-in gateway does.
type Termination struct {
	StatusCode  int    `yaml:"status_code"`
	ContentType string `yaml:"content_type"`
	Body        string `yaml:"body"`
}

func (c *Termination) check() []string {
	return complaints(
		complain(c.StatusCode != http.StatusNotFound, "status_code: 404, since nothing is there"),
		complain(c.ContentType != web.ProblemType, "content_type: %s, as of all errors", web.ProblemType),
	)
}

// complain returns a sentence if something is wrong, and "" otherwise.
func complain(wrong bool, format string, args ...any) string {
	if !wrong {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

// complaints returns those that are not empty.
func complaints(all ...string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}
