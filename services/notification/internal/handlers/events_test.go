package handlers_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stoa/api/events"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/services/notification/internal/domain"
)

func TestNotifier_sendsEveryNoticeOnce(t *testing.T) {
	o := newOffice(t)
	p := o.process()
	low := domain.LowStock{ProductID: ids.New(), SKU: "AMP-1", Name: "Amphora", Available: 3, Threshold: 5}
	all := []messaging.Event{event(t, "stock.low.v1", low)}
	for _, status := range []string{"confirmed", "rejected", "cancelled", "shipped", "delivered"} {
		all = append(all, orderIs(t, status))
	}
	for _, fact := range []string{"registered", "password_changed", "verified"} {
		all = append(all, event(t, "account."+fact+".v1", account("")))
	}
	for _, reason := range []string{"by_owner", "refresh_token_reused"} {
		all = append(all, event(t, "account.sessions_revoked.v1", account(reason), reason))
	}
	for _, e := range all {
		if err := events.Check(e.Type, e.Data); err != nil {
			t.Fatalf("%s is not what its schema says: %v", e.Type, err)
		}
		p.handle(t, e)
	}
	got := o.entries(t)
	for range 2 {
		for _, e := range all {
			p.handle(t, e)
		}
	}
	if len(got) != 10 || len(o.entries(t)) != 10 || got[5].Kind != domain.OrderDelivered || got[5].OrderID != orderID ||
		got[0].Kind != domain.SessionsRevoked || got[0].OrderID != "" || got[0].Text == got[1].Text {
		t.Errorf("the inbox is %+v", got)
	}
	files := []string{"stock-low-" + all[0].ID}
	for _, entry := range got {
		files = append(files, entry.ID)
	}
	for _, file := range files {
		if got := o.post.sent[file+".eml"]; got != 1 {
			t.Errorf("%s: sent %d times, want once", file, got)
		}
	}
}

// A replay has an id of its own, and publishes the same fact.
func TestReplay_ofAnAccountEventMakesNoSecondNotice(t *testing.T) {
	o := newOffice(t)
	p := o.process()
	e := event(t, "account.password_changed.v1", account(""))
	p.handle(t, e)
	e.ID = ids.New()
	p.handle(t, e)
	if got := o.entries(t); len(got) != 1 || o.post.total() != 1 {
		t.Errorf("%d mails, the inbox is %+v", o.post.total(), got)
	}
}

// A process may die before or after any operation on the store. The next delivery of the event completes the work, and the
// customer gets one mail, unless the process died after sending and before marking.
func TestNotifier_recoversFromACrashAnywhere(t *testing.T) {
	crash := errors.New("crash")
	for _, after := range []bool{false, true} {
		for n := 1; ; n++ {
			operations, name := 0, fmt.Sprintf("operation %d, after: %t", n, after)
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t)
				var between bool // the crash is after sending and before its record
				hook := func(operation, _ string) error {
					operations++
					if operations < n { // from then on nothing works: the process is gone
						return nil
					}
					between = between || operations == n && len(o.post.sent) > 0 && !(after && operation == "save")
					return crash
				}
				if after {
					o.states.After = hook
				} else {
					o.states.Before = hook
				}
				e := orderIs(t, "confirmed")
				_ = o.process().on[e.Type](t.Context(), e)
				o.states.Before, o.states.After = nil, nil
				next := o.process()
				next.handle(t, e) // it does not wait for the lease of the dead process
				next.retryFor(t, 2*time.Minute)
				want := 1
				if between {
					want = 2
				}
				if got := o.post.sent["order-confirmed-"+orderID+".eml"]; got != want {
					t.Errorf("%s: sent %d times, want %d", name, got, want)
				}
				if got := o.entries(t); len(got) != 1 {
					t.Errorf("%s: %d entries in the inbox", name, len(got))
				}
			})
			if operations < n {
				break // the handler ended before it
			}
		}
	}
}

func TestNotifier_sendsOnceFromManyReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.takes = 3 * time.Second
		e := orderIs(t, "confirmed")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				p := o.process()
				if err := p.on[e.Type](t.Context(), e); err != nil {
					t.Error(err)
				}
				p.retryFor(t, 2*time.Minute)
			})
		}
		all.Wait()
		if got := o.post.total(); got != 1 {
			t.Errorf("sent %d times, want once", got)
		}
	})
}

// Another machine takes over from a process that died, and not from one that is still sending, although the clocks of the
// machines are up to 30 s apart.
func TestLease_outlastsClocksThatDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		e := orderIs(t, "confirmed")
		o.states.Before = func(operation, _ string) error {
			if operation == "save" && o.post.total() > 0 {
				return errors.New("killed after sending")
			}
			return nil
		}
		_ = o.process().on[e.Type](t.Context(), e)
		o.states.Before = nil
		other := o.process()
		other.handle(t, e)
		for _, tt := range []struct {
			passed time.Duration
			want   int
		}{{7*time.Second + 5*time.Second + 30*time.Second, 1}, {4 * time.Second, 2}} {
			time.Sleep(tt.passed)
			other.retry(t)
			if got := o.post.total(); got != tt.want {
				t.Errorf("sent %d times after another %s, want %d", got, tt.passed, tt.want)
			}
		}
	})
}

func TestOrders_areNotConfirmedAfterTheirCancellation(t *testing.T) {
	o := newOffice(t)
	p := o.process()
	for range 2 {
		p.handle(t, orderIs(t, "cancelled"))
		p.handle(t, orderIs(t, "confirmed"))
	}
	if got := o.entries(t); len(got) != 1 || got[0].Kind != domain.OrderCancelled || o.post.total() != 1 {
		t.Errorf("%v was mailed, the inbox is %+v", o.post.sent, got)
	}
}

// What waits for its next attempt is not sent after something that says more.
func TestParkedMails_areNotSentOnceOvertaken(t *testing.T) {
	for _, later := range []string{"cancelled", "shipped", "delivered"} {
		t.Run(later, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t)
				p := o.process()
				o.post.fails = refused
				p.handle(t, orderIs(t, "confirmed"))
				o.post.fails = nil
				p.handle(t, orderIs(t, later))
				p.retryFor(t, 5*time.Minute)
				if got := o.post.sent["order-confirmed-"+orderID+".eml"]; got != 0 || o.post.total() != 1 {
					t.Errorf("got %v", o.post.sent)
				}
			})
		})
	}
}

// What a notice costs: its place in the inbox (a read and a write), its document, the mail, and the document again. A
// cancellation also makes sure that no confirmation follows it.
func TestNotice_costsFiveCallsOfTheSidecar(t *testing.T) {
	o := newOffice(t)
	p := o.process()
	for _, step := range []struct {
		status string
		want   int
	}{{"rejected", 5}, {"confirmed", 5}, {"shipped", 5}, {"delivered", 5}, {"cancelled", 5 + 1}} {
		var calls []string
		o.states.Before = func(operation, key string) error {
			calls = append(calls, operation+" "+key)
			return nil
		}
		before := o.post.total()
		p.handle(t, orderIs(t, step.status))
		if mails := o.post.total() - before; mails != 1 || len(calls)+mails != step.want {
			t.Errorf("%s: got %q and %d mails, want %d calls", step.status, calls, mails, step.want)
		}
	}
}

func TestNotices_expire(t *testing.T) {
	o := newOffice(t)
	o.process().handle(t, orderIs(t, "confirmed"))
	want := strconv.Itoa(int(noticeTTL / time.Second))
	if got := o.states.TTL("notification-store", "notice:order-confirmed-"+orderID); got != want {
		t.Errorf("the ttl is %q, want %s", got, want)
	}
}

// The list of a user forgets notices that have expired.
func TestInbox_shrinksWithWhatExpires(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		tell := func(id string) {
			confirmed := order("confirmed")
			confirmed.ID = id
			p.handle(t, event(t, "order.confirmed.v1", confirmed))
		}
		for n := range 400 {
			tell(fmt.Sprintf("0198c6a0-0000-7000-8000-%010d%02x", n, 1+n%255))
		}
		before := len(o.states.Keys("notification-store", "inbox-of:"))
		for _, key := range o.states.Keys("notification-store", "notice:") {
			o.states.Drop("notification-store", key)
		}
		for n := range 4 {
			time.Sleep(2 * time.Minute)
			tell(fmt.Sprintf("0198c6a0-0000-7000-8000-%010d00", 1000+n))
		}
		if after := len(o.states.Keys("notification-store", "inbox-of:")); after > before/2 || len(o.entries(t)) != 4 {
			t.Errorf("%d pages of %d are left, and %d entries", after, before, len(o.entries(t)))
		}
	})
}

// Someone signs up with the address of a stranger, changes the name, and does whatever is told: the stranger gets the mail with
// the code, and no name.
func TestNotifier_mailsAnUnverifiedAddressOnlyItsCode(t *testing.T) {
	o := newOffice(t)
	p := o.process()
	unverified := account("by_owner")
	unverified.Verified = false
	asked := unverified
	asked.Reason, asked.Code, asked.ExpiresAt = "", "4F7KQ2ZN", asked.At.Add(time.Hour)
	all := []messaging.Event{event(t, "account.verification_requested.v1", asked)}
	for n := range 30 {
		unverified.At = unverified.At.Add(time.Second)
		all = append(all, event(t, "account.sessions_revoked.v1", unverified, strconv.Itoa(n)))
	}
	unverified.Reason = ""
	all = append(all, event(t, "account.registered.v1", unverified), event(t, "account.password_changed.v1", unverified))
	for range 2 {
		for _, e := range all {
			must.Do(t, events.Check(e.Type, e.Data))
			p.handle(t, e)
		}
	}
	p.retry(t)
	if mail := string(o.post.last); o.post.total() != 1 || !strings.Contains(mail, "4F7KQ2ZN") || strings.Contains(mail, "Ada") {
		t.Errorf("sent were %v; the last is %s", o.post.sent, mail)
	}
	inbox := o.entries(t)
	if len(inbox) != len(all)-1 || slices.ContainsFunc(inbox, func(r domain.Record) bool { return r.Kind == domain.CodeRequested }) {
		t.Errorf("the inbox is %+v", inbox)
	}
	for _, key := range o.states.Keys("notification-store", "") {
		if strings.Contains(o.states.Value("notification-store", key), "4F7KQ2ZN") {
			t.Errorf("%s has the code", key)
		}
	}
}
