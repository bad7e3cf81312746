package main

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"stoa/gateway/declaration"
)

// cors is the plugin of this name: it says which pages may read an answer, and answers preflights, the questions that
// browsers ask before they send such a request.
type cors struct {
	config  *declaration.CORS
	methods string
	headers string
	exposed string
}

func newCORS(config *declaration.CORS) *cors {
	return &cors{
		config: config, methods: strings.Join(config.Methods, ", "),
		headers: strings.Join(config.Headers, ", "), exposed: strings.Join(config.ExposedHeaders, ", "),
	}
}

// around adds to every answer of next which pages may read it. Preflights carry no API key, and need none.
func (c *cors) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.allowOrigin(w.Header(), r.Header.Get("Origin"))
		if isPreflight(r) && !c.config.PreflightContinue {
			c.answer(w, r)
			return
		}
		setUnlessEmpty(w.Header(), "Access-Control-Expose-Headers", c.exposed)
		next.ServeHTTP(w, r)
	})
}

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// allowOrigin names the origin in the answer if its pages may read it.
func (c *cors) allowOrigin(answer http.Header, origin string) {
	if slices.Contains(c.config.Origins, "*") {
		answer.Set("Access-Control-Allow-Origin", "*")
		return
	}
	answer.Add("Vary", "Origin")
	if !slices.Contains(c.config.Origins, origin) {
		return
	}
	answer.Set("Access-Control-Allow-Origin", origin)
	if c.config.Credentials {
		answer.Set("Access-Control-Allow-Credentials", "true")
	}
}

// answer answers a preflight.
func (c *cors) answer(w http.ResponseWriter, r *http.Request) {
	answer := w.Header()
	answer.Set("Access-Control-Allow-Methods", c.methods)
	headers := c.headers
	if len(c.config.Headers) == 0 {
		headers = r.Header.Get("Access-Control-Request-Headers")
	}
	setUnlessEmpty(answer, "Access-Control-Allow-Headers", headers)
	if c.config.MaxAge > 0 {
		answer.Set("Access-Control-Max-Age", strconv.Itoa(c.config.MaxAge))
	}
	answer.Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

// optionsOf answers OPTIONS with the methods of a route, and passes everything else to next.
func optionsOf(methods []string, next http.Handler) http.Handler {
	allow := strings.Join(methods, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Allow", allow)
		w.WriteHeader(http.StatusNoContent)
	})
}

func setUnlessEmpty(headers http.Header, name, value string) {
	if value != "" {
		headers.Set(name, value)
	}
}
