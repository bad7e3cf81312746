package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
)

const rebuildPath = "/search/rebuild"

// An index that is lost is made again, by whatever process comes to it.
func TestSearch_isRebuilt(t *testing.T) {
	w := essays(t)
	w.ask(t, "stan", "GET", rebuildPath, nil).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	w.ask(t, "edith", "POST", rebuildPath, nil).ExpectProblem(http.StatusForbidden, errs.Forbidden, "")
	for _, key := range append(w.states.Keys("blog-store", "search-part:"), w.states.Keys("blog-store", "search:")...) {
		w.states.Drop("blog-store", key)
	}
	w.expectFound(t, "q=cellar", "")
	type rebuild struct {
		ID, State string
		Indexed   int
	}
	asked := w.ask(t, "stan", "POST", rebuildPath, nil).Expect(http.StatusAccepted)
	if got := asked.Header().Get("Location"); got != base+rebuildPath {
		t.Errorf("got %q", got)
	}
	first := webtest.Read[rebuild](asked, http.StatusAccepted)
	if again := webtest.Read[rebuild](w.ask(t, "stan", "POST", rebuildPath, nil), http.StatusAccepted); again != first || first.State != "waiting" {
		t.Errorf("got %+v, then %+v", first, again)
	}
	must.Do(t, w.index.Work(t.Context()))
	want := rebuild{first.ID, "done", 3}
	if got := webtest.Read[rebuild](w.ask(t, "stan", "GET", rebuildPath, nil), http.StatusOK); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	w.expectFound(t, "q=cellar", "The cellar, Counting amphorae")
}

// A rebuild waits while the store is away, whatever it was about to read or write.
func TestSearch_isRebuiltAlthoughTheStoreIsAway(t *testing.T) {
	for _, kind := range []string{"post:", "plain:", "search-part:"} {
		synctest.Test(t, func(t *testing.T) {
			w := essays(t)
			for _, key := range w.states.Keys("blog-store", "search") {
				w.states.Drop("blog-store", key)
			}
			w.ask(t, "stan", "POST", rebuildPath, nil).Expect(http.StatusAccepted)
			var away time.Time
			w.states.Before = func(_, key string) error {
				if strings.HasPrefix(key, kind) && away.IsZero() {
					away = time.Now().Add(20 * time.Second)
				}
				if time.Now().Before(away) {
					return status.Error(codes.Unavailable, "away")
				}
				return nil
			}
			must.Do(t, w.index.Work(t.Context()))
			w.expectFound(t, "q=cellar", "The cellar, Counting amphorae")
			if away.IsZero() {
				t.Errorf("%s: nothing was away", kind)
			}
		})
	}
}
