// Package webtest serves an API in memory, as its callers meet it, for tests of handlers.
package webtest

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gorilla/mux"
	"github.com/rs/zerolog"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
)

// Server serves one API, with everything that surrounds a request in a process but the network.
type Server struct {
	// API takes the operations.
	API huma.API
	// Router takes other paths, such as those of cron bindings.
	Router *mux.Router

	handler http.Handler
}

// New returns a server without operations, whose protected operations are for the callers that v knows.
func New(title, description string, v identity.Verifier) *Server {
	router := web.NewRouter()
	s := &Server{API: web.NewAPI(router, title, description), Router: router, handler: web.Wrap(router, zerolog.Nop())}
	identity.Protect(s.API, v)
	return s
}

// Description returns the OpenAPI document of the API.
func (s *Server) Description(t testing.TB) []byte {
	t.Helper()
	raw, err := json.MarshalIndent(s.API.OpenAPI(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(raw, '\n')
}

// Request is one request. The zero value, but for a path, is a GET without a token and without a body.
type Request struct {
	Method, Path, Token, Body string
	Header                    http.Header
}

// Do sends a request and returns the whole answer.
func (s *Server) Do(t testing.TB, r Request) *Answer {
	t.Helper()
	answer := &Answer{ResponseRecorder: httptest.NewRecorder(), t: t, request: r}
	s.Serve(t.Context(), answer, r)
	return answer
}

// Serve sends a request and writes its answer to w as it comes: for streams, and for callers that go away.
func (s *Server) Serve(ctx context.Context, w http.ResponseWriter, r Request) {
	var body io.Reader = http.NoBody
	header := http.Header{}
	if r.Body != "" {
		body = strings.NewReader(r.Body)
		header.Set("Content-Type", "application/json")
	}
	if r.Token != "" {
		header.Set("Authorization", "Bearer "+r.Token)
	}
	maps.Copy(header, r.Header)
	request := httptest.NewRequestWithContext(ctx, r.Method, r.Path, body)
	request.Header = header
	s.handler.ServeHTTP(w, request)
}
