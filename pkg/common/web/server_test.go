package web_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
)

// A server that is told to stop finishes the requests that it has accepted, and ends streams.
func TestServe_drains(t *testing.T) {
	begun, finish := make(chan struct{}, 2), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		if web.IsStream(r) {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		<-finish
		_, _ = io.WriteString(w, "done")
	})
	ctx, stop := context.WithCancel(t.Context())
	address, ended := serve(t, ctx, handler, web.DefaultLimits())
	answers := make(chan string, 2)
	for _, accept := range []string{"text/plain", "text/event-stream"} {
		go func() { answers <- read(t, address, accept) }()
	}
	<-begun
	<-begun
	stop()
	if got := <-answers; got != "" {
		t.Errorf("the stream ended with %q", got)
	}
	close(finish)
	if got := <-answers; got != "done" {
		t.Errorf("got %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// serve starts a server on a free port.
func serve(t *testing.T, ctx context.Context, handler http.Handler, limits web.Limits) (address string, ended chan error) {
	t.Helper()
	probe := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	address = probe.Addr().String()
	probe.Close()
	ended = make(chan error, 1)
	go func() { ended <- web.Serve(ctx, address, handler, limits) }()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return address, ended
		}
	}
	t.Fatal("the server did not start")
	return "", nil
}

func read(t *testing.T, address, accept string) string {
	request, err := http.NewRequest("GET", "http://"+address, nil)
	if err != nil {
		t.Error(err)
		return ""
	}
	request.Header.Set("Accept", accept)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return string(body)
}

func TestServe_saysWhichAddressIsTaken(t *testing.T) {
	taken := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer taken.Close()
	err := web.Serve(t.Context(), taken.Addr().String(), http.NotFoundHandler(), web.DefaultLimits())
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("got %v", err)
	}
}

// A client that is still sending when it is refused gets the answer, not a reset of its connection.
func TestServe_refusesAClientThatIsStillSending(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	limits := web.DefaultLimits()
	limits.Connections = 10
	address, ended := serve(t, ctx, http.NotFoundHandler(), limits)
	conn := must.Get(net.Dial("tcp", address))(t)
	defer conn.Close()
	_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: a\r\nX-Long: %s\r\n\r\n", strings.Repeat("x", 1<<20))
	answer := must.Get(http.ReadResponse(bufio.NewReader(conn), nil))(t)
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err != nil {
		t.Errorf("got %q, then %v", body, err)
	}
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d", answer.StatusCode)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
