package handlers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/messaging"
)

// refused is what the sidecar says if a mail server refuses a recipient.
func refused(string) error {
	cause := errors.New("error from smtp binding, sending email failed: gomail: could not send email 1: 550 5.7.1 no such user here")
	return errs.Wrap(errs.Unavailable, cause, "the binding mail does not answer")
}

// refusing refuses the addresses that begin with "nobody".
func refusing(address string) error {
	if strings.HasPrefix(address, "nobody") {
		return refused(address)
	}
	return nil
}

func down(string) error { return errs.New(errs.Unavailable, "the binding mail does not answer") }

// welcome is the event that an account with this address was created.
func welcome(t *testing.T, address string) messaging.Event {
	t.Helper()
	a := account("")
	a.ID, a.Email = ids.New(), address
	return event(t, "account.registered.v1", a, address)
}

// Speed in counts: each of the other mails is sent at its first attempt, a refused address costs one call of the binding, and
// no event comes again.
func TestRefusedAddresses_leaveOthersTheirSpeed(t *testing.T) {
	const others = 500
	for _, bad := range []int{1, 4, 16} {
		t.Run(fmt.Sprint(bad), func(t *testing.T) {
			o := newOffice(t)
			o.post.fails = refusing
			p := o.process()
			for n := range bad {
				p.handle(t, welcome(t, fmt.Sprintf("nobody-%d@example.com", n)))
			}
			for n := range others {
				p.handle(t, welcome(t, fmt.Sprintf("somebody-%d@example.com", n)))
			}
			p.retry(t)
			if o.post.total() != others || len(o.post.calls) != others+bad {
				t.Errorf("%d mails to %d addresses", o.post.total(), len(o.post.calls))
			}
			for address, calls := range o.post.calls {
				if calls != 1 {
					t.Errorf("%d calls for %s", calls, address)
				}
			}
		})
	}
}

// A mail server that takes no mails at all holds up nobody's inbox, and its return needs no help.
func TestInbox_doesNotWaitForAMailServer(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.fails = down
		p := o.process()
		for _, status := range []string{"confirmed", "shipped"} {
			p.handle(t, orderIs(t, status))
		}
		p.handle(t, welcome(t, "b@example.com"))
		if got := o.entries(t); len(got) != 2 {
			t.Errorf("the inbox is %+v", got)
		}
		for range 6 * 24 * 5 { // longer than a refused mail is tried
			time.Sleep(10 * time.Minute)
			p.Do(t, webtest.Request{Method: http.MethodPost, Path: "/mails"}).Expect(http.StatusServiceUnavailable)
		}
		o.post.fails = nil
		p.retryFor(t, 6*time.Minute)
		if got := o.post.total(); got != 2 || len(o.bus.Events()) != 0 { // of the order only what says most
			t.Errorf("%v was sent, %d dead letters", o.post.sent, len(o.bus.Events()))
		}
	})
}

// While the server hangs, an event costs no time after the first two.
func TestHangingServer_isLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.takes, o.post.fails = 5*time.Second, down
		p, began := o.process(), time.Now()
		for n := range 100 {
			p.handle(t, welcome(t, fmt.Sprintf("%d@example.com", n)))
		}
		if took := time.Since(began); took > 11*time.Second {
			t.Errorf("100 events took %s", took)
		}
		o.post.takes, o.post.fails = 0, nil
		p.retryFor(t, 2*time.Minute)
		if got := o.post.total(); got != 100 {
			t.Errorf("%d mails were sent", got)
		}
	})
}

// A server that hangs for sixteen addresses, to punish them, is not left alone: it takes the mails in between.
func TestHangingAddresses_leaveOthersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.fails = func(address string) error {
			if !strings.HasPrefix(address, "nobody") {
				return nil
			}
			time.Sleep(5 * time.Second)
			return down(address)
		}
		p := o.process()
		for n := range 16 {
			p.handle(t, welcome(t, fmt.Sprintf("nobody-%d@example.com", n)))
			p.handle(t, welcome(t, fmt.Sprintf("somebody-%d@example.com", n)))
		}
		if got := o.post.total(); got != 16 || len(o.post.calls) != 32 {
			t.Errorf("%d mails, %d addresses were tried", got, len(o.post.calls))
		}
	})
}

func TestRefusedMail_isTriedLessAndLessAndGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.fails = refused
		p, e := o.process(), orderIs(t, "confirmed")
		p.handle(t, e)
		p.retryFor(t, 10*time.Minute)
		if got := o.post.calls["a@example.com"]; got < 3 || got > 5 {
			t.Errorf("%d attempts in ten minutes", got)
		}
		p.retryFor(t, giveUp+5*time.Hour)
		if got := o.post.calls["a@example.com"]; got < 20 || got > 30 {
			t.Errorf("%d attempts", got)
		}
		published := o.bus.Events()
		if len(published) != 1 || published[0].Topic != messaging.DeadLetters {
			t.Fatalf("got %+v", published)
		}
		var letter messaging.DeadLetter
		must.Do(t, json.Unmarshal(published[0].Data, &letter))
		if letter.Topic != "order-confirmed" || letter.Consumer != "notification" || letter.Event.ID != e.ID ||
			!strings.Contains(letter.Reason, "550 5.7.1 no such user here") || letter.Attempts < 20 {
			t.Errorf("got %+v", letter)
		}

		o.post.fails = nil
		p.handle(t, e)
		if o.post.total() != 1 {
			t.Errorf("a replay sends again: %v", o.post.sent)
		}
		p.handle(t, e)
		if o.post.total() != 1 || len(o.entries(t)) != 1 {
			t.Errorf("%v was sent, the inbox is %+v", o.post.sent, o.entries(t))
		}
	})
}

// The dead letter is published before the mail is given up: a crash in between publishes it again.
func TestGivingUp_survivesAnOutageOfTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.fails = refused
		o.bus.Before = func(string) error { return errors.New("down") }
		p := o.process()
		p.handle(t, orderIs(t, "confirmed"))
		for end := time.Now().Add(giveUp + 5*time.Hour); time.Now().Before(end); time.Sleep(10 * time.Minute) {
			p.Do(t, webtest.Request{Method: http.MethodPost, Path: "/mails"})
		}
		o.bus.Before = nil
		p.retryFor(t, 2*time.Minute)
		if got := len(o.bus.Events()); got != 1 {
			t.Errorf("%d dead letters", got)
		}
	})
}

func TestOneAddress_getsSoManyMailsInAnHour(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		const mails = 50
		for range mails {
			time.Sleep(10 * time.Millisecond)
			p.handle(t, event(t, "account.sessions_revoked.v1", account("by_owner"), ids.New()))
		}
		p.handle(t, welcome(t, "b@example.com"))
		if got := o.post.total(); got != hourly+1 || len(o.entries(t)) != mails {
			t.Errorf("%d mails and %d entries", got, len(o.entries(t)))
		}
		for hours, want := range []int{hourly, 2 * hourly, mails} {
			if got := o.post.total(); got != want+1 {
				t.Errorf("%d mails after %d hours, want %d", got, hours, want+1)
			}
			p.retryFor(t, time.Hour+time.Minute)
		}
		for file, copies := range o.post.sent {
			if copies != 1 {
				t.Errorf("%s was sent %d times", file, copies)
			}
		}
	})
}

// Dapr asks by OPTIONS whether there is a handler for a binding, and reads 405 as yes.
func TestSchedules_areFoundByTheSidecar(t *testing.T) {
	p := newOffice(t).process()
	p.Do(t, webtest.Request{Method: http.MethodOptions, Path: "/mails"}).Expect(http.StatusMethodNotAllowed)
	p.retry(t)
}
