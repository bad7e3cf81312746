package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
)

// A server's deadlines count from the beginning of a request, so they must be off for a stream: this one is open for
// several times as long as they are.
func TestStreams_outliveTheServersDeadlines(t *testing.T) {
	const deadline, pieces = 200 * time.Millisecond, 5
	tick := time.NewTicker(deadline)
	defer tick.Stop()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for n := range pieces {
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			}
			fmt.Fprintf(w, "data: %d\n", n)
			_ = http.NewResponseController(w).Flush()
		}
	})
	server := httptest.NewUnstartedServer(endWith(t.Context(), 30*time.Second, handler))
	server.Config.ReadTimeout, server.Config.WriteTimeout = deadline, deadline
	server.Start()
	defer server.Close()

	answer := open(t, server.URL)
	defer answer.Body.Close()
	got := 0
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		got++
	}
	if got != pieces {
		t.Errorf("got %d pieces of the stream, want %d", got, pieces)
	}
}

func TestStreams_endWithTheServer(t *testing.T) {
	streams, stop := context.WithCancel(t.Context())
	server := httptest.NewServer(endWith(streams, 30*time.Second, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "data: first\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})))
	defer server.Close()
	answer := open(t, server.URL)
	defer answer.Body.Close()
	stop()
	if _, err := io.ReadAll(answer.Body); err != nil {
		t.Errorf("the stream must end in good order: %v", err)
	}
}

func TestStreams_haveNoBody(t *testing.T) {
	for name, tt := range map[string]struct {
		length int64
		body   string
		want   bool
	}{
		"none": {0, "", true}, "no chunks": {-1, "", true}, "a length": {2, "{}", false}, "chunks": {-1, "{}", false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", strings.NewReader(tt.body))
		r.ContentLength = tt.length
		if got := hasNoBody(r); got != tt.want || got != (r.ContentLength == 0) {
			t.Errorf("%s: got %v, and a length of %d", name, got, r.ContentLength)
		}
	}
}

func open(t *testing.T, url string) *http.Response {
	t.Helper()
	request := must.Get(http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil))(t)
	request.Header.Set("Accept", "text/event-stream")
	return must.Get(http.DefaultClient.Do(request))(t)
}
