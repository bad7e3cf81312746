package handlers_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
)

// A run of the schedule ends while a mail is being sent. The binding sends it anyway.
func TestParkedMails_areSentOnceEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.fails = down
		p := o.process()
		for n := range 20 {
			p.handle(t, welcome(t, fmt.Sprintf("%d@example.com", n)))
		}
		o.post.takes, o.post.fails = 1500*time.Millisecond, nil
		for range 12 {
			time.Sleep(10 * time.Second)
			p.Do(t, webtest.Request{Method: http.MethodPost, Path: "/mails"})
		}
		if o.post.total() != 20 || len(o.post.sent) != 20 {
			t.Errorf("20 mails were parked, and were sent so often: %v", o.post.sent)
		}
	})
}

// While the broker is down, mails that are to become dead letters wait for it. The others do not.
func TestParkedMails_doNotWaitForTheBroker(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.fails = func(address string) error { return cmp.Or(refusing(address), down(address)) }
		p := o.process()
		p.handle(t, welcome(t, "somebody@example.com"))
		for n := range 16 {
			p.handle(t, welcome(t, fmt.Sprintf("nobody-%d@example.com", n)))
		}
		o.bus.Before = func(string) error { return errors.New("down") }
		for end := time.Now().Add(giveUp + 5*time.Hour); time.Now().Before(end); time.Sleep(10 * time.Minute) {
			p.Do(t, webtest.Request{Method: http.MethodPost, Path: "/mails"})
		}
		o.post.fails = refusing
		for range 10 {
			time.Sleep(10 * time.Second)
			p.Do(t, webtest.Request{Method: http.MethodPost, Path: "/mails"})
		}
		if got := o.post.total(); got != 1 {
			t.Errorf("%d mails were sent", got)
		}
	})
}

// What is sent costs the runs after it nothing.
func TestParkedMails_leaveTheListOnceTheyAreSent(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.fails = down
		p := o.process()
		for n := range 500 {
			p.handle(t, welcome(t, fmt.Sprintf("%d@example.com", n)))
		}
		o.post.fails = nil
		p.retryFor(t, 10*time.Minute)
		reads := 0
		o.states.Before = func(string, string) error {
			reads++
			return nil
		}
		p.retry(t)
		if o.post.total() != 500 || reads > 10 { // three for each queue, and those who leave
			t.Errorf("%d mails were sent, and a run without any reads %d documents", o.post.total(), reads)
		}
	})
}

// A server that greylists takes the mail soon after an outage, too.
func TestRefusedMail_isTriedSoonAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.fails = down
		p := o.process()
		p.handle(t, orderIs(t, "confirmed"))
		for range 60 {
			time.Sleep(time.Minute)
			p.Do(t, webtest.Request{Method: http.MethodPost, Path: "/mails"})
		}
		o.post.fails, o.post.calls = refused, map[string]int{}
		p.retryFor(t, 15*time.Minute)
		if got := o.post.calls["a@example.com"]; got < 3 || got > 5 {
			t.Errorf("%d attempts in a quarter of an hour", got)
		}
	})
}
