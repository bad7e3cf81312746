package handlers_test

import (
	"net/http"
	"slices"
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

// leaves is the event that a person has deleted their account.
func leaves(t *testing.T, name string) messaging.Event {
	t.Helper()
	e := event(t, "account.deleted.v1", map[string]any{"id": person(name).ID, "at": time.Now().UTC(), "posts": "keep"}, name)
	must.Do(t, events.Check(e.Type, e.Data))
	return e
}

// expectNothingOf fails the test if the store tells who somebody is.
func (o *office) expectNothingOf(t *testing.T, name string) {
	t.Helper()
	for _, key := range o.keysWith(name) {
		t.Errorf("%s still has %s: %s", key, name, o.states.Value("notification-store", key))
	}
}

// keysWith returns the keys of the documents that tell who somebody is.
func (o *office) keysWith(name string) []string {
	return slices.DeleteFunc(o.states.Keys("notification-store", ""), func(key string) bool {
		value := o.states.Value("notification-store", key)
		return !strings.Contains(value, person(name).Email) && !strings.Contains(value, name)
	})
}

func orderOf(t *testing.T, name, status string) messaging.Event {
	t.Helper()
	bought := order(status)
	bought.Customer = domain.Customer{ID: person(name).ID, Email: person(name).Email, Name: name}
	return event(t, "order."+status+".v1", bought)
}

// The mail server is down, so that all events are stored with their mails.
func TestErasure_forgetsWhoLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.fails = down
		p := o.process()
		for _, e := range []messaging.Event{
			rolesOf(t, "Eve", time.Now(), "EDITOR"), comment(t, person("Ada"), person("Bob")), orderOf(t, "Eve", "confirmed"),
			postIs(t, "submitted", ""),
		} {
			p.handle(t, e)
		}
		before := o.post.calls[person("Eve").Email]
		p.leave(t, "Eve")
		o.expectNothingOf(t, "Eve")
		if got := len(o.inboxOf(t, "Eve")); got != 0 {
			t.Errorf("the inbox still has %d notices", got)
		}
		if ada := o.inboxOf(t, "Ada"); len(ada) != 1 || !strings.Contains(ada[0].Text, "Which temperature?") {
			t.Errorf("others lost their notices: %v", ada)
		}

		o.post.fails = nil
		p.retryFor(t, 10*time.Minute)
		if o.post.calls[person("Eve").Email] != before {
			t.Errorf("mails went to somebody who has left: %v", o.post.calls)
		}
		if o.post.calls[person("Ada").Email] < 2 || strings.Contains(string(o.post.last), "Eve") {
			t.Errorf("mails of others were dropped, or name her: %v, %s", o.post.calls, o.post.last)
		}
		o.expectNothingOf(t, "Eve")
	})
}

// Events that are late, or come again, find that she has left.
func TestErasure_isNotUndoneByLateEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.fails = down
		p := o.process()
		p.handle(t, leaves(t, "Eve"))
		time.Sleep(24 * time.Hour)
		registered := account("")
		registered.ID, registered.Name, registered.Email = person("Eve").ID, "Eve", person("Eve").Email
		late := event(t, "account.registered.v1", registered)
		late.Subject = registered.ID
		roles := rolesOf(t, "Eve", time.Now().Add(time.Minute), "EDITOR")
		roles.Subject = registered.ID
		for _, e := range []messaging.Event{late, roles, orderOf(t, "Eve", "shipped"), comment(t, person("Ada"), person("Eve"))} {
			p.handle(t, e)
		}
		p.retry(t)
		o.expectNothingOf(t, "Eve")
		if o.post.calls[person("Eve").Email] != 0 {
			t.Errorf("mails were sent: %v", o.post.calls)
		}
	})
}

// A handler has read that she has not left, and stores what it read after she has.
func TestErasure_findsWhatIsStoredMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.fails = down
		p := o.process()
		left := false
		o.states.Before = func(operation, key string) error {
			if operation == "save" && strings.HasPrefix(key, "notice:") && !left && o.post.calls[person("Ada").Email] > 0 {
				left = true
				p.handle(t, leaves(t, "Eve"))
			}
			return nil
		}
		p.handle(t, comment(t, person("Ada")))
		o.states.Before = nil
		p.forget(t)
		o.expectNothingOf(t, "Eve")
	})
}

// An order of a customer who has left has neither name nor address: it is nobody's.
func TestErasure_sendsNobodyAMail(t *testing.T) {
	o := newOffice(t)
	p := o.process()
	p.handle(t, leaves(t, "Eve"))
	gone := order("cancelled")
	gone.Customer = domain.Customer{ID: person("Eve").ID}
	p.handle(t, event(t, "order.cancelled.v1", gone))
	if o.post.total() != 0 || len(o.bus.Events()) != 0 {
		t.Errorf("sent %v, published %v", o.post.sent, o.bus.Types())
	}
}

// Nothing is mailed to who has left, at once or in a digest, and the links in old mails still say so.
func TestErasure_endsWhatIsMailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		o.wants(t, "Eve", domain.Reviews, domain.Never)
		p.handle(t, comment(t, person("Eve")))
		link := o.link(t)
		p.handle(t, announced(t, "One", "0.0", person("Eve"), person("Bob")))
		p.leave(t, "Eve")
		o.expectNothingOf(t, "Eve")
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			page := p.Do(t, webtest.Request{Method: method, Path: link}).Expect(http.StatusOK)
			if !strings.Contains(page.Body.String(), "You get no more of these mails") {
				t.Errorf("%s shows %s", method, page.Body)
			}
		}
		o.wants(t, "Eve", domain.Comments, domain.AtOnce) // in a session that is not refused yet
		if known := o.states.Value("notification-store", "mail-settings:"+person("Eve").ID); strings.Contains(known, "mails") {
			t.Errorf("stored is %s", known)
		}
		time.Sleep(8 * time.Hour)
		p.digest(t)
		if o.post.calls[person("Eve").Email] != 1 || o.post.calls[person("Bob").Email] != 1 {
			t.Errorf("mails went to %v", o.post.calls)
		}
		o.expectNothingOf(t, "Eve")
	})
}

// The digest is being made, and a setting being changed, by those who have read before.
func TestErasure_findsWhatIsGatheredMeanwhile(t *testing.T) {
	for _, prefix := range []string{"digest:", "mail-settings:", "notice:daily"} {
		synctest.Test(t, func(t *testing.T) {
			o := newOffice(t)
			p := o.process()
			p.handle(t, announced(t, "One", "0.0", person("Eve")))
			left := false
			o.states.Before = func(operation, key string) error {
				if operation == "save" && strings.HasPrefix(key, prefix) && !left {
					left = true
					p.handle(t, leaves(t, "Eve"))
				}
				return nil
			}
			p.handle(t, announced(t, "Two", "0.0", person("Eve")))
			o.wants(t, "Eve", domain.Comments, domain.Never)
			p.digest(t)
			time.Sleep(8 * time.Hour)
			p.digest(t)
			o.states.Before = nil
			for range 3 {
				p.digest(t)
				p.forget(t)
			}
			o.expectNothingOf(t, "Eve")
			if !left {
				t.Errorf("nothing of %s was stored", prefix)
			}
		})
	}
}

// Followers are told of posts whose author leaves, before and after: nothing that is stored has the name.
func TestErasure_takesAuthorsFromWhatFollowersGet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		o.wants(t, "Rita", domain.Following, domain.AtOnce)
		p.handle(t, announced(t, "One", "0.0", person("Rita"), person("Bob")))
		p.leave(t, "Ada")
		o.expectNothingOf(t, "Ada")
		time.Sleep(time.Hour)
		p.handle(t, announced(t, "Two", "0.0", person("Rita"), person("Bob"))) // it is late
		o.expectNothingOf(t, "Ada")
		p.retryFor(t, 2*time.Minute)
		if got := o.sentOf(t, domain.PostAnnounced); got != 2 || !strings.Contains(string(o.post.last), "Someone published") {
			t.Errorf("%d mails were sent, the last: %s", got, o.post.last)
		}
	})
}
