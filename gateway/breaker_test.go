package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"stoa/gateway/kong"
	"stoa/pkg/common/errs"
)

// Four clients read one product of an app that hangs. They share a question, and count at the breaker as four all the same:
// soon it opens, and then all are refused at once, but for one who tries whether the app is back.
func TestBreaker_opensForCallersWhoShareAQuestion(t *testing.T) {
	const timeout, clients = 1200 * time.Millisecond, 4
	quick := strings.ReplaceAll(string(kong.Table()), "read_timeout: 8000", fmt.Sprintf("read_timeout: %d", timeout.Milliseconds()))
	over := make(chan struct{})
	gateway := rig{routes: quick}.start(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-over:
		}
	})
	defer close(over)
	read := func(callers int) (waited int64) {
		var kept atomic.Int64
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				began := time.Now()
				do(t, http.MethodGet, gateway+"/api/v1/products/1", nil).wantProblem(errs.Unavailable)
				if time.Since(began) > timeout*3/4 {
					kept.Add(1)
				}
			})
		}
		all.Wait()
		return kept.Load()
	}
	rounds := 0
	for ; read(clients) > 1; rounds++ {
		if rounds > 2 {
			t.Fatal("all of them wait")
		}
	}
	for waited := int64(0); waited == 0; { // until one tries
		if waited = read(20); waited > 2 {
			t.Errorf("%d of 20 callers waited while one tried", waited)
		}
	}
}

// What nobody shares counts too: the gateway has given up, not the client.
func TestBreaker_opensForAnAppThatHangs(t *testing.T) {
	const timeout = 1200 * time.Millisecond
	quick := strings.ReplaceAll(string(kong.Table()), "read_timeout: 8000", fmt.Sprintf("read_timeout: %d", timeout.Milliseconds()))
	over := make(chan struct{})
	gateway := rig{routes: quick}.start(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-over:
		}
	})
	defer close(over)
	for refused, tries := false, 0; !refused; tries++ {
		if tries > 2 {
			t.Fatal("all of them wait")
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { do(t, http.MethodGet, gateway+"/api/v1/orders/1", nil).wantProblem(errs.Unavailable) })
		}
		all.Wait()
		began := time.Now()
		do(t, http.MethodGet, gateway+"/api/v1/orders/1", nil).wantProblem(errs.Unavailable)
		refused = time.Since(began) < timeout/2
	}
}
