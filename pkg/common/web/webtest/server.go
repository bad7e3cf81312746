// Package webtest serves an API in memory, without a network, for tests of handlers.
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

// Server serves one API inside web.Wrap and identity.Protect, as a process does. It asks for no app token and does not mark
// answers.
type Server struct {
	// API is where a test registers operations.
	API huma.API
	// Router is where it registers other paths, such as those of cron bindings.
	Router *mux.Router

	handler http.Handler
}

// New returns a server without operations. v verifies the tokens of their callers. Middlewares run around that.
func New(title, description string, v identity.Verifier, middlewares ...func(huma.Context, func(huma.Context))) *Server {
	router := web.NewRouter()
	s := &Server{API: web.NewAPI(router, title, description), Router: router, handler: web.Wrap(router, zerolog.Nop())}
	s.API.UseMiddleware(middlewares...)
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

// Request is one request. Only Path is required: by default it is a GET without a token and without a body.
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

// Serve sends a request and writes the answer to w piece by piece, for tests of streams and of callers that leave.
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
