package handlers_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/api/events"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/messaging"
	"stoa/services/notification/internal/domain"
)

const passwordSecret = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U"

// forgotten is the event that somebody asked for a link, which is valid for an hour.
func forgotten(t *testing.T, change func(*domain.Account)) messaging.Event {
	t.Helper()
	asked := account("")
	asked.Code, asked.ExpiresAt = customerID+"."+passwordSecret, asked.At.Add(time.Hour)
	if change != nil {
		change(&asked)
	}
	return event(t, "account.password_forgotten.v1", asked)
}

// expectSecret fails if the link is anywhere but in the mail.
func (o *office) expectSecret(t *testing.T) {
	t.Helper()
	for _, key := range o.states.Keys("notification-store", "") {
		if value := o.states.Value("notification-store", key); strings.Contains(value, passwordSecret) {
			t.Errorf("%s has the link: %s", key, value)
		}
	}
	for _, e := range o.bus.Events() {
		t.Errorf("the staff see %s", e.Data)
	}
}

// A link goes to the address alone: not into the inbox, which those can read who are signed in.
func TestPasswordLink_isMailedOnceAndKeptNowhere(t *testing.T) {
	for name, verified := range map[string]bool{"verified": true, "unverified": false} {
		o := newOffice(t)
		p := o.process()
		e := forgotten(t, func(a *domain.Account) { a.Verified = verified })
		must.Do(t, events.Check(e.Type, e.Data))
		for range 2 {
			p.handle(t, e)
		}
		// Quoted-printable writes = as =3D, and breaks long lines.
		text := strings.NewReplacer("=\r\n", "", "=3D", "=").Replace(string(o.post.last))
		if o.post.total() != 1 || !strings.Contains(text, "https://stoa.example/forgotten?code="+customerID+"."+passwordSecret) ||
			strings.Contains(text, "Ada") != verified {
			t.Errorf("%s: %d mails; the last is %s", name, o.post.total(), text)
		}
		if len(o.entries(t)) != 0 {
			t.Errorf("%s: the inbox has %+v", name, o.entries(t))
		}
		o.expectSecret(t)
	}
}

// The mail server is down: once the link is not valid any more, its mail is forgotten.
func TestPasswordLink_isNotMailedTooLate(t *testing.T) {
	for name, up := range map[string]time.Duration{"in time": 30 * time.Minute, "too late": 2 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			o := newOffice(t)
			p := o.process()
			o.post.fails = func(string) error { return errors.New("connection refused") }
			p.handle(t, forgotten(t, nil))
			for end := time.Now().Add(up); time.Now().Before(end); time.Sleep(30 * time.Second) {
				p.Do(t, webtest.Request{Method: http.MethodPost, Path: "/mails"}) // it fails while the server is down
			}
			o.post.fails = nil
			p.retryFor(t, 20*time.Minute)
			if sent := o.post.total(); (sent == 1) != (name == "in time") {
				t.Errorf("%s: %d mails were sent", name, sent)
			}
			o.expectSecret(t)
		})
	}
}

// Its dead letter would show the link to the staff, who could take the account.
func TestPasswordLink_neverBecomesADeadLetter(t *testing.T) {
	for name, change := range map[string]func(*domain.Account){
		"no address":    func(a *domain.Account) { a.Email = "" },
		"two addresses": func(a *domain.Account) { a.Email = `"a;b"@c.d` },
		"no time":       func(a *domain.Account) { a.At = time.Time{} },
		"too late":      func(a *domain.Account) { a.ExpiresAt = time.Now().Add(-time.Second) },
	} {
		o := newOffice(t)
		o.process().handle(t, forgotten(t, change))
		if o.post.total() != 0 {
			t.Errorf("%s: a mail was sent", name)
		}
		o.expectSecret(t)
	}
	o := newOffice(t)
	unreadable := forgotten(t, nil)
	unreadable.Data = []byte(`{"code": 5}`)
	o.process().handle(t, unreadable)
	o.expectSecret(t)
}
