package main

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/gorilla/mux"
	"github.com/rs/cors"

	"stoa/gateway/declaration"
	"stoa/pkg/common/clip"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
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

// optionsOf answers OPTIONS with the methods of the operations at a path, or with those of the route of a page, and passes everything else to
// next. It needs no API key, since preflights carry none.
func optionsOf(described operations, r declaration.Route, next http.Handler) http.Handler {
	otherwise := http.MethodOptions
	if r.Plugins.APIKey != nil && r.Plugins.APIKey.Browser { // no file describes pages
		otherwise = strings.Join(r.Methods, ", ")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Allow", cmp.Or(described.allow(r), otherwise))
		w.WriteHeader(http.StatusNoContent)
	})
}

// notAllowed refuses the methods that no route has, and says which ones the path supports.
func notAllowed(described operations, router *mux.Router) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", cmp.Or(described.allow(r), web.Allowed(router, r)))
		web.WriteError(w, r, errs.New(errs.MethodNotAllowed, "this path does not support the method %s", clip.Text(r.Method)))
	})
}
