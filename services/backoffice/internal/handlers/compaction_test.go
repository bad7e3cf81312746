package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/services/backoffice/internal/domain"
)

// compact calls the schedule until every entry is old enough to be removed.
func (o *office) compact(t *testing.T) {
	t.Helper()
	for range 2 {
		o.call(t, http.MethodPost, "/compact").Expect(http.StatusOK)
		time.Sleep(2 * time.Minute)
	}
}

// reads counts the documents and pages that a request reads.
func (o *office) reads(t *testing.T, path string) (reads int) {
	t.Helper()
	o.states.Before = func(string, string) error { reads++; return nil }
	o.call(t, http.MethodGet, path).Expect(http.StatusOK)
	o.states.Before = nil
	return reads
}

func TestCompaction_takesDeletedLettersOffTheList(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 0)
		for n := range 210 {
			l := letter(t)
			o.receive(t, l)
			if n >= 60 {
				o.call(t, http.MethodDelete, deadLetters+"/"+l.ID).Expect(http.StatusNoContent)
			}
		}
		o.compact(t)
		if reads := o.reads(t, deadLetters+"?limit=25"); reads > 25+3 {
			t.Errorf("a page of 25 reads %d keys", reads)
		}
		if left, pages := all[domain.DeadLetter](t, o, deadLetters+"?limit=25"); len(left) != 60 || pages != 3 {
			t.Errorf("%d letters are left on %d pages, want 60 on 3", len(left), pages)
		}
	})
}

// Few orders wait below many that are delivered, and one of them stays shipped.
func TestCompaction_leavesInEachListWhatHasItsStatus(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 0)
		for range 3 {
			o.happen(t, ids.New(), "confirmed")
		}
		o.happen(t, orderID, "confirmed")
		o.happen(t, orderID, "shipped")
		const delivered = 250
		for range delivered {
			id := ids.New()
			o.happen(t, id, "confirmed")
			o.happen(t, id, "shipped")
			o.happen(t, id, "delivered")
		}
		o.compact(t)
		for status, want := range map[string]int{"queued": 3, "shipped": 1, "delivered": 20, "cancelled": 0} {
			if reads := o.reads(t, fulfilments+"?status="+status); reads > want+4 {
				t.Errorf("%s: a page reads %d keys, want about %d", status, reads, want)
			}
		}
		if got := o.fulfilments(t, "status=delivered"); len(got) != delivered {
			t.Errorf("got %d delivered, want %d", len(got), delivered)
		}
		for _, key := range o.states.Keys("backoffice-store", "fulfilment:") {
			if o.states.TTL("backoffice-store", key) != "" {
				o.states.Drop("backoffice-store", key)
			}
		}
		o.compact(t)
		if reads := o.reads(t, fulfilments); reads > 4+4+2 {
			t.Errorf("once the others have expired, a page of the four that are left reads %d keys", reads)
		}
	})
}

// A list that takes all its time takes none from the others.
func TestCompaction_givesEachListItsOwnTime(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 0)
		for range 350 {
			id := ids.New()
			o.happen(t, id, "confirmed")
			o.happen(t, id, "shipped")
			l := letter(t)
			o.receive(t, l)
			o.call(t, http.MethodDelete, deadLetters+"/"+l.ID).Expect(http.StatusNoContent)
		}
		o.call(t, http.MethodPost, "/compact").Expect(http.StatusOK) // notes what is there
		time.Sleep(2 * time.Minute)
		o.states.Before = func(_, key string) error {
			if strings.HasPrefix(key, "fulfilment") {
				time.Sleep(10 * time.Millisecond)
			}
			return nil
		}
		began := time.Now()
		o.call(t, http.MethodPost, "/compact").Expect(http.StatusOK)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
		if reads := o.reads(t, deadLetters); reads > 1 {
			t.Errorf("an empty list of dead letters reads %d keys", reads)
		}
	})
}

// Dapr asks by OPTIONS whether there is a handler for a binding, and reads 405 as yes.
func TestSchedules_areFoundByTheSidecar(t *testing.T) {
	o := newOffice(t, 0)
	o.call(t, http.MethodOptions, "/compact").Expect(http.StatusMethodNotAllowed)
	o.call(t, http.MethodPost, "/compact").Expect(http.StatusOK)
	o.states.Before = func(string, string) error { return errs.New(errs.Unavailable, "down") }
	o.call(t, http.MethodPost, "/compact").Expect(http.StatusServiceUnavailable)
}
