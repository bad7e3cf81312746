package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"stoa/gateway/kong"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
)

// soon is a time that a test can wait for; late is reached only if a limit fails.
const (
	soon = 200 * time.Millisecond
	late = 30 * time.Second
)

// limits are those of the gateway, with the change that a test is about.
func limits(change func(*web.Limits)) web.Limits {
	l := web.DefaultLimits()
	l.ReadHeader, l.Read, l.Write, l.Idle = late, late, late, late
	l.HeaderBytes = web.PublicHeaderBytes
	if change != nil {
		change(&l)
	}
	return l
}

// dial opens a connection on which a test waits no longer than late.
func dial(t *testing.T, gateway string) net.Conn {
	t.Helper()
	conn := must.Get(net.Dial("tcp", strings.TrimPrefix(gateway, "http://")))(t)
	t.Cleanup(func() { conn.Close() })
	must.Do(t, conn.SetDeadline(time.Now().Add(late)))
	return conn
}

// trickle writes one byte at a time, as a slow client does, and reports whether the other side ended the connection.
func trickle(conn net.Conn, text string) bool {
	pace := time.NewTicker(soon / 20)
	defer pace.Stop()
	for n := 0; n < int(late/soon)*20; n++ {
		<-pace.C
		if _, err := conn.Write([]byte{text[n%len(text)]}); err != nil {
			return !errors.Is(err, os.ErrDeadlineExceeded)
		}
	}
	return false
}

func TestLimits_endAConnectionWithSlowHeaders(t *testing.T) {
	gateway := rig{limits: func(l *web.Limits) { l.ReadHeader = soon }}.start(t, unused(t))
	conn := dial(t, gateway)
	fmt.Fprint(conn, "GET /api/v1/products HTTP/1.1\r\nHost: gateway\r\n")
	if !trickle(conn, "X-Slow: 1\r\n") {
		t.Error("a client can send headers for ever")
	}
}

// The client is at fault, not the app, whichever limit ends the request.
func TestLimits_refuseASlowBody(t *testing.T) {
	impatient := strings.ReplaceAll(string(kong.Table()), "read_timeout: 8000", fmt.Sprintf("read_timeout: %d", soon.Milliseconds()))
	for name, tt := range map[string]struct {
		rig     rig
		framing string
	}{
		"with a length":        {rig{limits: func(l *web.Limits) { l.Read = soon }}, "Content-Length: 1000"},
		"in chunks":            {rig{limits: func(l *web.Limits) { l.Read = soon }}, "Transfer-Encoding: chunked"},
		"over the app's time":  {rig{routes: impatient}, "Content-Length: 1000"},
		"in chunks, over that": {rig{routes: impatient}, "Transfer-Encoding: chunked"},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := tt.rig.start(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
			send(t, gateway, "POST /api/v1/orders", tt.framing, "", "").wantProblem(errs.Malformed)
		})
	}
}

// A stream has no end of its own, but what asks for one has.
func TestLimits_refuseASlowBodyOfARequestForAStream(t *testing.T) {
	for _, path := range []string{"/api/v1/orders/1/events", "/api/v1/products", "/nowhere"} {
		for _, framing := range []string{"Content-Length: 1000", "Transfer-Encoding: chunked"} {
			gateway := rig{limits: func(l *web.Limits) { l.Read = soon }}.start(t, unused(t))
			send(t, gateway, "GET "+path, "Accept: text/event-stream", framing, "", "").wantProblem(errs.Malformed)
		}
	}
}

// A client that asks and does not read loses its connection, and the app's answer ends too.
func TestLimits_endAConnectionWithASlowReader(t *testing.T) {
	ended := make(chan error, 1)
	gateway := rig{limits: func(l *web.Limits) { l.Write = soon }}.start(t, func(w http.ResponseWriter, _ *http.Request) {
		piece := make([]byte, 1<<20)
		for {
			if _, err := w.Write(piece); err != nil {
				ended <- err
				return
			}
		}
	})
	fmt.Fprintf(dial(t, gateway), "GET /api/v1/products HTTP/1.1\r\nHost: gateway\r\nX-Api-Key: %s\r\n\r\n", goodKey)
	select {
	case <-ended:
	case <-time.After(late / 2):
		t.Error("the app still writes for a client that does not read")
	}
}

// A file takes as long as its reader needs, and everything else as long as the app may take.
func TestLimits_letAFileTakeItsTime(t *testing.T) {
	impatient := strings.ReplaceAll(string(kong.Table()), "read_timeout: 8000", fmt.Sprintf("read_timeout: %d", soon.Milliseconds()))
	for disposition, whole := range map[string]bool{`attachment; filename="my-data.json"`: true, "inline": false} {
		gateway := rig{routes: impatient, limits: func(l *web.Limits) { l.Write = 2 * soon }}.start(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Disposition", disposition)
			for range 6 {
				fmt.Fprint(w, "piece\n")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-time.After(soon / 2):
				case <-r.Context().Done():
				}
			}
		})
		answer, err := http.DefaultClient.Do(newRequest(t, http.MethodGet, gateway+"/api/v1/orders/1", nil))
		must.Do(t, err)
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if got := err == nil && len(text) == 6*len("piece\n"); got != whole {
			t.Errorf("%s: all of it is %v: %q, %v", disposition, got, text, err)
		}
	}
}

func TestLimits_closeAnIdleConnection(t *testing.T) {
	gateway := rig{limits: func(l *web.Limits) { l.Idle = soon }}.start(t, empty)
	conn := dial(t, gateway)
	fmt.Fprintf(conn, "GET /nowhere HTTP/1.1\r\nHost: gateway\r\n\r\n")
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("it must be closed by the server: %v", err)
	}
}

func TestLimits_refuseLargeHeaders(t *testing.T) {
	gateway := rig{}.start(t, unused(t))
	answer := send(t, gateway, "GET /api/v1/products", "X-Large: "+strings.Repeat("x", 32<<10), "", "")
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d", answer.StatusCode)
	}
}

// A connection over the limit is closed at once; one that ends makes room.
func TestLimits_boundTheNumberOfConnections(t *testing.T) {
	const most = 3
	everybody := func(netip.Addr) bool { return true }
	for name, change := range map[string]func(*web.Limits){
		"in all":      func(l *web.Limits) { l.Connections, l.PerAddress, l.Unbounded = most, 1, everybody },
		"per address": func(l *web.Limits) { l.Connections, l.PerAddress = 100, most },
	} {
		t.Run(name, func(t *testing.T) {
			gateway := rig{limits: change}.start(t, empty)
			var open []net.Conn
			for range most {
				conn := dial(t, gateway)
				if !answers(conn) {
					t.Fatal("a connection within the limit gets no answer")
				}
				open = append(open, conn)
			}
			if answers(dial(t, gateway)) {
				t.Error("one over the limit is served")
			}
			open[0].Close()
			for began := time.Now(); !answers(dial(t, gateway)); {
				if time.Since(began) > late {
					t.Fatal("a connection that ended makes no room")
				}
			}
		})
	}
}

// answers reports whether a request on a connection gets an answer.
func answers(conn net.Conn) bool {
	fmt.Fprint(conn, "GET /nowhere HTTP/1.1\r\nHost: gateway\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err == nil
}
