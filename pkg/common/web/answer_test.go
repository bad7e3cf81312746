package web

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/mux"
	"github.com/rs/zerolog"

	"stoa/pkg/common/must"
)

func TestMarkAnswers_MarksEveryAnswerWithItsLength(t *testing.T) {
	long := strings.Repeat("x", maxHeld+1)
	tests := map[string]struct {
		answer http.HandlerFunc
		status int
		mark   string
		body   string
	}{
		"nothing": {func(http.ResponseWriter, *http.Request) {}, 200, "0", ""},
		"body":    {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }, 200, "2", "{}"},
		"pieces": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, "a")
			_, _ = io.WriteString(w, "b")
		}, 201, "2", "ab"},
		"no content":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, 204, "0", ""},
		"not modified": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }, 304, "0", ""},
		"error":        {func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusConflict) }, 409, "3", "no\n"},
		"the first status counts": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			w.WriteHeader(http.StatusOK)
		}, 404, "0", ""},
		"stream": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "data: 1\n\n")
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, "data: 2\n\n")
		}, 200, "*", "data: 1\n\ndata: 2\n\n"},
		"too long to be held": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "x")
			_, _ = io.WriteString(w, long[1:])
		}, 200, "*", long},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(MarkAnswers(tt.answer))
			defer server.Close()
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				request := must.Get(http.NewRequestWithContext(t.Context(), method, server.URL, nil))(t)
				answer := must.Get(http.DefaultTransport.RoundTrip(request))(t)
				if got := answer.Header.Get(AnswerHeader); got != tt.mark || answer.StatusCode != tt.status {
					t.Errorf("%s: got %d marked %q, want %d marked %q", method, answer.StatusCode, got, tt.status, tt.mark)
				}
				if err := CheckAnswer(answer); err != nil {
					t.Errorf("%s: %v", method, err)
				}
				body, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				if err != nil || method == http.MethodGet && string(body) != tt.body {
					t.Errorf("%s: got %.20q, %v", method, body, err)
				}
				if answer.Header.Get(AnswerHeader) != "" {
					t.Error("the mark is for one hop")
				}
			}
		})
	}
}

func TestMarkAnswers_AnAnswerThatBreaksOffIsNotMarked(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"aborted": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		},
		"shorter than declared": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "8")
			_, _ = io.WriteString(w, "half")
		},
		"panicking": Wrap(routed(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic("a defect")
		}), zerolog.Nop()).ServeHTTP,
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(MarkAnswers(answer))
			defer server.Close()
			if answer, err := http.Get(server.URL); err == nil {
				answer.Body.Close()
				t.Errorf("got %d %v", answer.StatusCode, answer.Header)
			}
		})
	}
}

func routed(handler http.HandlerFunc) *mux.Router {
	router := NewRouter()
	router.Path("/").Handler(handler)
	return router
}

func TestCheckAnswer_ABodyHasItsLength(t *testing.T) {
	for body, ok := range map[string]bool{"": false, "ab": false, "abc": true, "abcd": false} {
		answer := &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{AnswerHeader: {"3"}}, Body: io.NopCloser(strings.NewReader(body)),
		}
		must.Do(t, CheckAnswer(answer))
		_, err := io.ReadAll(answer.Body)
		if ok && err != nil || !ok && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: got %v", body, err)
		}
	}
}
