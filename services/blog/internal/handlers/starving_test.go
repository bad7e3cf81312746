package handlers_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/must"
	"stoa/services/blog/internal/domain"
)

// scheduled makes a post of Ben's that is public in a minute.
func (w *world) scheduled(t *testing.T) post {
	t.Helper()
	p := w.created(t, "ben", full("In time"))
	w.do(t, "ben", "PUT", "/author/submit/id/"+p.ID, nil)
	return w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, object{"publishAt": time.Now().Add(time.Minute)})
}

// slow makes each call of the store take some time.
func (w *world) slow(call time.Duration) {
	w.states.Before = func(string, string) error {
		time.Sleep(call)
		return nil
	}
}

// However many texts are to be erased, a post is published when its time has come.
func TestSchedule_publishesBesideErasures(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.scheduled(t)
		for n := range 60 {
			w.submitted(t, full(fmt.Sprint("Of one who leaves ", n)))
		}
		w.leave(t, "delete")
		time.Sleep(domain.LateTime + time.Second)
		w.slow(10 * time.Millisecond)
		must.Do(t, w.review.CatchUp(t.Context()))
		w.states.Before = nil
		if got := w.do(t, "ben", "GET", "/author/id/"+p.ID, nil); got.Status != "published" {
			t.Errorf("it is %s", got.Status)
		}
		w.expectFound(t, "q=time", "In time")
		must.Do(t, w.erasure.CatchUp(t.Context()))
		if left, _, err := w.stores.Posts.List(t.Context(), domain.Erasing, "", 10); err != nil || len(left) > 0 {
			t.Errorf("%d are still to be erased, %v", len(left), err)
		}
	})
}

// Nor does it wait for posts that the index cannot take now.
func TestSchedule_publishesBesideTheIndex(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.scheduled(t)
		w.states.Before = func(_, key string) error {
			if strings.HasPrefix(key, "search") {
				time.Sleep(time.Second)
				return status.Error(codes.Unavailable, "slow")
			}
			return nil
		}
		for n := range 10 {
			w.published(t, full(fmt.Sprint("Not indexed ", n)))
		}
		time.Sleep(time.Minute)
		_ = w.review.CatchUp(t.Context())
		w.states.Before = nil
		if got := w.do(t, "ben", "GET", "/author/id/"+p.ID, nil); got.Status != "published" {
			t.Errorf("it is %s", got.Status)
		}
		must.Do(t, w.review.CatchUp(t.Context()))
		if found := len(w.hits(t, "q=indexed")); found != 10 {
			t.Errorf("%d are found", found)
		}
	})
}

// An announcement that takes long is found behind more than a page of those that are over.
func TestAnnouncement_goesOnBehindThoseThatAreOver(t *testing.T) {
	must.HaveTime(t)
	w := newWorld(t)
	for n := range 60 {
		w.follower(t, fmt.Sprint("reader", n), domain.Source{Author: callers["ada"].ID})
	}
	p := w.published(t, full("The first"))
	for n := range 1200 {
		id := must.Get(w.stores.Announcements.Upsert(t.Context(), fmt.Sprintf("00000000-0000-7000-8000-%012d", n), func(a *domain.Announcement) error {
			a.ID = fmt.Sprintf("00000000-0000-7000-8000-%012d", n)
			return nil
		}))(t).ID
		must.Get(w.stores.Announcements.Upsert(t.Context(), id, func(a *domain.Announcement) error {
			a.Over = true
			return nil
		}))(t)
	}
	must.Do(t, w.announcing.CatchUp(t.Context()))
	if told := len(w.told(t, p.ID)); told != 60 {
		t.Errorf("%d were told", told)
	}
}

// A post that nobody follows costs a handful of calls.
func TestAnnouncement_toNobodyIsSoonOver(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A post", "A1", "B1", "C1", "D1", "E1"))
	operations := 0
	w.states.Before = func(string, string) error { operations++; return nil }
	must.Do(t, w.announcing.CatchUp(t.Context()))
	w.states.Before = nil
	if operations > 50 {
		t.Errorf("it took %d", operations)
	}
	if a := must.Get(w.stores.Announcements.Get(t.Context(), p.ID))(t); !a.Over {
		t.Errorf("got %+v", a)
	}
}
