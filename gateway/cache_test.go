package main

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"stoa/pkg/common/errs"
)

const cached = "{name: proxy-cache, config: {strategy: memory, cache_control: true, response_code: [200], request_method: [GET], content_type: [text/plain]}}"

func TestCache_comesAfterKeysAndLimits(t *testing.T) {
	forwarded := 0
	rig := rig{routes: declared(fmt.Sprintf(hourly, 4, "ip")+", {name: stoa-api-key, config: {}}, "+cached, "")}
	gateway := rig.start(t, func(w http.ResponseWriter, _ *http.Request) {
		forwarded++
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		fmt.Fprint(w, forwarded)
	})
	for _, want := range []struct{ from, remaining string }{{"Miss", "3"}, {"Hit", "2"}} {
		answer := do(t, http.MethodGet, gateway+"/a", nil)
		expect(t, "the body", answer.body, "1")
		expect(t, "where it is from", answer.Header.Get("X-Cache-Status"), want.from)
		expect(t, "what is left of the limit", answer.Header.Get("RateLimit-Remaining"), want.remaining)
	}
	do(t, http.MethodGet, gateway+"/a", nil, "X-Api-Key", "").wantProblem(errs.Unauthenticated)
	expect(t, "signed in", do(t, http.MethodGet, gateway+"/a", nil, "Authorization", "Bearer t").body, "2")
	expect(t, "beyond the limit", get(t, gateway+"/a"), "429 4/0")
}

// The app is asked once, and answers although the caller who asked has left.
func TestCache_keepsAnAnswerWhoseCallerHasLeft(t *testing.T) {
	asked, left := make(chan struct{}, 9), make(chan struct{})
	rig := rig{routes: declared(cached, "")}
	gateway := rig.start(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-left:
		case <-r.Context().Done():
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		fmt.Fprint(w, "answered")
	})
	ctx, leave := context.WithCancel(t.Context())
	first := newRequest(t, http.MethodGet, gateway+"/a", nil).WithContext(ctx)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if answer, err := http.DefaultClient.Do(first); err == nil {
			answer.Body.Close()
			t.Errorf("got %d after leaving", answer.StatusCode)
		}
	}()
	<-asked
	leave()
	<-gone
	close(left)
	answer := do(t, http.MethodGet, gateway+"/a", nil)
	expect(t, "where it is from", answer.Header.Get("X-Cache-Status"), "Hit")
	expect(t, "the body", answer.body, "answered")
	if len(asked) > 0 {
		t.Error("the app was asked twice")
	}
}
