package main

import (
	"net/http"
	"strings"

	"github.com/rs/cors"

	"stoa/gateway/declaration"
)

// crossOrigin is the plugin cors: it says which pages may read an answer of next. A preflight, the question that a browser asks
// before it sends such a request, is an OPTIONS request, which optionsOf answers.
func crossOrigin(config *declaration.CORS, next http.Handler) http.Handler {
	headers := config.Headers
	if len(headers) == 0 {
		headers = []string{"*"}
	}
	return cors.New(cors.Options{
		AllowedOrigins: config.Origins, AllowedMethods: config.Methods, AllowedHeaders: headers,
		ExposedHeaders: config.ExposedHeaders, AllowCredentials: config.Credentials, MaxAge: config.MaxAge,
		OptionsPassthrough: true,
	}).Handler(next)
}

// optionsOf answers OPTIONS with the methods of a route, and passes everything else to next. It needs no API key, since
// preflights carry none.
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
