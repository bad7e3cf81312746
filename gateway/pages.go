package main

import (
	"net/http"

	"github.com/gorilla/mux"

	"stoa/gateway/docs"
)

// addPages adds the pages of the API, with around around each. They need no API key and no service. With a Kong in the gateway's
// place, nginx serves the same files.
func addPages(router *mux.Router, around func(http.Handler) http.Handler) error {
	page, err := docs.New()
	if err != nil {
		return err
	}
	for route, handler := range map[*mux.Route]http.Handler{
		router.Path(docs.Path):             page,
		router.PathPrefix(docs.Path + "/"): page,
	} {
		route.Methods(http.MethodGet, http.MethodHead).Handler(around(handler))
	}
	return nil
}
