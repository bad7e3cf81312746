package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stoa/gateway/edge/apikey"
	"stoa/gateway/edge/request"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
)

// The app sends each event only after the one before has arrived, so nothing on the way may hold it back.
func TestStream_passesPieceByPiece(t *testing.T) {
	arrived := make(chan struct{})
	gateway := start(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept"); got != request.StreamAccept {
			t.Errorf("got Accept %q", got)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for n := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", n)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-arrived:
			case <-r.Context().Done():
				return
			}
		}
	})
	answer := follow(t, gateway)
	got := 0
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "data:") {
			got++
			arrived <- struct{}{}
		}
	}
	if got != 3 {
		t.Errorf("got %d events, want 3", got)
	}
}

// A stream ends when its API key is revoked, also for the app.
func TestStream_endsWithItsKey(t *testing.T) {
	var revoked atomic.Bool
	ask := func(context.Context, string) (apikey.Grant, error) {
		if revoked.Load() {
			return apikey.Grant{}, errs.New(errs.Forbidden, "this API key is not valid")
		}
		return apikey.Grant{KeyID: "1", Permissions: []string{"shop:read"}}, nil
	}
	told := make(chan struct{})
	gateway := rig{ask: ask, age: time.Millisecond}.start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(told)
	})
	answer := follow(t, gateway)
	lines := bufio.NewReader(answer.Body)
	if line, err := lines.ReadString('\n'); err != nil || line != "data: 1\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	revoked.Store(true)
	_, _ = io.Copy(io.Discard, lines) // until it ends
	select {
	case <-told:
	case <-time.After(late):
		t.Error("the app still sends")
	}
}

// follow opens the stream of an order's events.
func follow(t *testing.T, gateway string) *http.Response {
	t.Helper()
	request := newRequest(t, http.MethodGet, gateway+"/api/v1/orders/1/events", nil, "Accept", "text/event-stream")
	answer := must.Get(http.DefaultClient.Do(request))(t)
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}
