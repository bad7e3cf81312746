package handlers

import (
	"iter"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
)

// products yields these, and then an error if there is one.
func products(err error, names ...string) iter.Seq2[api.Product, error] {
	return func(yield func(api.Product, error) bool) {
		for _, name := range names {
			if !yield(api.Product{Name: name, Available: 1, Price: api.Money{Currency: "EUR"}}, nil) {
				return
			}
		}
		if err != nil {
			yield(api.Product{}, err)
		}
	}
}

func TestLive_sendsThePartForEachValue(t *testing.T) {
	v, answer := visitOf(t, domain.Visitor{}, http.MethodGet, "/", "")
	must.Do(t, live(v, products(errs.New(errs.Unavailable, "gone"), "Oil", "<Wine>"), "shop/products", "product"))
	events := strings.Split(strings.TrimSuffix(answer.Body.String(), "\n\n"), "\n\n")
	if len(events) != 2 || !strings.Contains(events[0], "Oil") || !strings.Contains(events[1], "&lt;Wine&gt;") || !answer.Flushed {
		t.Errorf("got %q", events)
	}
	for _, line := range strings.Split(events[0], "\n") {
		if !strings.HasPrefix(line, "data: ") {
			t.Errorf("the line %q is not one of an event", line)
		}
	}
	if got := answer.Header().Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("got %s", got)
	}
}

// An order may wait for days. Proxies end what is silent for a minute.
func TestLive_isNeverSilentForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, answer := visitOf(t, domain.Visitor{}, http.MethodGet, "/", "")
		slow := func(yield func(api.Product, error) bool) {
			time.Sleep(2*heartbeat + time.Second) // nothing is sent before it is known whether there is something
			if yield(api.Product{Name: "Oil", Price: api.Money{Currency: "EUR"}}, nil) {
				time.Sleep(3*heartbeat + time.Second)
			}
		}
		must.Do(t, live(v, slow, "shop/products", "product"))
		sent := answer.Body.String()
		if beats := strings.Count(sent, ": still here\n\n"); beats != 3 || strings.HasPrefix(sent, ":") {
			t.Errorf("%d beats: %q", beats, sent)
		}
	})
}

func TestLive_isNoStreamWithoutValues(t *testing.T) {
	v, answer := visitOf(t, domain.Visitor{}, http.MethodGet, "/", "")
	if err := live(v, products(errs.New(errs.NotFound, "none")), "shop/products", "product"); !errs.Is(err, errs.NotFound) {
		t.Errorf("got %v", err)
	}
	must.Do(t, live(v, products(nil), "shop/products", "product"))
	if answer.Code != http.StatusNoContent {
		t.Errorf("got %d", answer.Code)
	}
	v, answer = visitOf(t, domain.Visitor{}, http.MethodGet, "/", "")
	v.r.Header.Set("Accept", "text/event-stream")
	v.fail(errs.New(errs.Unauthenticated, "sign in"))
	if answer.Code != http.StatusUnauthorized || answer.Header().Get("Hx-Refresh") != "true" || answer.Body.Len() > 0 {
		t.Errorf("got %d %v", answer.Code, answer.Header())
	}
}
