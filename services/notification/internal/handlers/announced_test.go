package handlers_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/messaging"
	"stoa/services/notification/internal/domain"
	"stoa/services/notification/internal/repositories"
)

// announced is the event that a post by Ada became public, for these followers. Its page is part of its id.
func announced(t *testing.T, post, page string, to ...domain.Person) messaging.Event {
	t.Helper()
	return event(t, "post.announced.v1", map[string]any{
		"post":   map[string]string{"id": ids.Derive(post), "title": post, "slug": "slug"},
		"author": map[string]string{"id": person("Ada").ID, "name": "Ada"}, "at": time.Now(), "recipients": to,
	}, post, page)
}

// wants makes a person want mails of a group this often.
func (o *office) wants(t *testing.T, name string, group domain.Group, f domain.Frequency) {
	t.Helper()
	must.Get(domain.NewChoices(repositories.NewSettings(o.side), o.links).Change(t.Context(), person(name).ID, map[domain.Group]domain.Frequency{group: f}))(t)
}

// digest runs the schedule of digests, and that of mails. Either may fail.
func (p *process) digest(t *testing.T) {
	t.Helper()
	for _, path := range []string{"/digests", "/mails"} {
		p.Do(t, webtest.Request{Method: http.MethodPost, Path: path})
	}
}

// sentOf counts the mails of a kind, and fails if one was sent twice.
func (o *office) sentOf(t *testing.T, kind domain.Kind) (n int) {
	t.Helper()
	for name, copies := range o.post.sent {
		if strings.HasPrefix(name, string(kind)+"-") {
			if n++; copies != 1 {
				t.Errorf("%s was sent %d times", name, copies)
			}
		}
	}
	return n
}

// Who follows the author and a tag is in two events, and each comes twice. One inbox entry and one mail is what they get.
func TestFollowers_areToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		var readers []domain.Person
		for n := range 25 {
			readers = append(readers, person(fmt.Sprint("Reader", n)))
			o.wants(t, readers[n].Name, domain.Following, domain.AtOnce)
		}
		for range 2 {
			p.handle(t, announced(t, "A post", "0.0", readers...))
			p.handle(t, announced(t, "A post", "1.0", readers[:3]...))
		}
		if o.post.total() != 0 {
			t.Error("the event waited for mails")
		}
		p.retryFor(t, 2*time.Minute)
		if got := o.sentOf(t, domain.PostAnnounced); got != len(readers) {
			t.Errorf("%d mails were sent", got)
		}
		if inbox := o.inboxOf(t, "Reader1"); len(inbox) != 1 || inbox[0].Link == "" {
			t.Errorf("the inbox has %v", inbox)
		}
	})
}

// Ten thousand followers of a slow mail server's hold up nobody else: the mail of an order is sent at once, or first.
func TestFollowers_holdUpNoOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		var readers []domain.Person
		for n := range 25 {
			readers = append(readers, person(fmt.Sprint("Reader", n)))
			o.wants(t, readers[n].Name, domain.Following, domain.AtOnce)
		}
		o.post.takes = 900 * time.Millisecond
		p.handle(t, announced(t, "A post", "0.0", readers...))
		began := time.Now()
		p.handle(t, orderIs(t, "confirmed"))
		if took := time.Since(began); o.post.total() != 1 || took > time.Second {
			t.Errorf("it took %s, and %d mails were sent", took, o.post.total())
		}
	})
}

func TestMails_areSentAsOftenAsTheirReaderWants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		o.wants(t, "Never", domain.Comments, domain.Never)
		o.wants(t, "Daily", domain.Comments, domain.Daily)
		for range 2 {
			p.handle(t, comment(t, person("Never"), person("Daily"), person("Usual")))
		}
		if got := o.sentOf(t, domain.CommentAdded); got != 2 || o.post.calls["usual@example.com"] != 2 {
			t.Errorf("sent were %v", o.post.sent)
		}
		p.digest(t) // it is too early
		time.Sleep(8 * time.Hour)
		for range 3 {
			p.digest(t)
		}
		if got := o.sentOf(t, domain.DailyDigest); got != 1 || o.post.calls["daily@example.com"] != 1 || strings.Count(string(o.post.last), "Which temp") < 2 {
			t.Errorf("sent were %v, the last: %s", o.post.sent, o.post.last)
		}
		for _, name := range []string{"Never", "Daily", "Usual"} {
			if inbox := o.inboxOf(t, name); len(inbox) != 2 {
				t.Errorf("%s: the inbox has %v", name, inbox)
			}
		}
		time.Sleep(24 * time.Hour)
		p.digest(t)
		if got := o.sentOf(t, domain.DailyDigest); got != 1 {
			t.Errorf("%d digests, although nothing is new", got)
		}
	})
}

// Whatever fails at any call but those of the mail, whatever was gathered is in one digest, and each digest is sent once.
func TestDigests_areSentOnceWhateverDies(t *testing.T) {
	for n, died := 1, true; died; n++ {
		synctest.Test(t, func(t *testing.T) {
			o := newOffice(t)
			p := o.process()
			events := []messaging.Event{announced(t, "One", "0.0", person("Rita")), announced(t, "Two", "0.0", person("Rita"))}
			calls, mailing := 0, false
			o.states.Before = func(string, string) error {
				if mailing {
					return nil
				}
				if calls++; calls == n {
					return errors.New("killed")
				}
				return nil
			}
			for _, e := range events {
				if p.on[e.Type](t.Context(), e) != nil {
					o.process().handle(t, e)
				}
			}
			time.Sleep(8 * time.Hour)
			for range 5 {
				p.Do(t, webtest.Request{Method: http.MethodPost, Path: "/digests"})
				mailing = true // a mail may be sent again if its process dies before it has stored that
				p.Do(t, webtest.Request{Method: http.MethodPost, Path: "/mails"})
				mailing = false
				p = o.process()
				time.Sleep(time.Minute)
			}
			if died = calls >= n; !died {
				return
			}
			time.Sleep(24 * time.Hour)
			p.digest(t)
			if got := o.sentOf(t, domain.DailyDigest); got != 1 {
				t.Errorf("call %d: sent were %v", n, o.post.sent)
			}
			if text := string(o.post.last); strings.Count(text, "=E2=80=9COne") == 0 || strings.Count(text, "=E2=80=9CTwo") == 0 {
				t.Errorf("call %d: %s", n, text)
			}
		})
	}
}

// A mail waits, and its reader wants no more of them.
func TestParkedMails_areNotSentToThoseWhoWantNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		o.post.fails = down
		p.handle(t, comment(t, person("Rita"), person("Ben")))
		o.post.fails = nil
		o.wants(t, "Rita", domain.Comments, domain.Never)
		p.retryFor(t, 2*time.Minute)
		if o.post.total() != 1 || o.post.calls["ben@example.com"] != 2 {
			t.Errorf("sent were %v to %v", o.post.sent, o.post.calls)
		}
	})
}

// Two processes make the digests at the same moment.
func TestDigests_areSentOnceByTwoProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		for n := range 20 {
			p.handle(t, announced(t, "One", fmt.Sprint(n), person(fmt.Sprint("Reader", n))))
		}
		time.Sleep(8 * time.Hour)
		var both sync.WaitGroup
		for range 2 {
			other := o.process()
			both.Go(func() { other.digest(t) })
		}
		both.Wait()
		p.retryFor(t, 2*time.Minute)
		if got := o.sentOf(t, domain.DailyDigest); got != 20 {
			t.Errorf("%d digests were sent", got)
		}
	})
}
