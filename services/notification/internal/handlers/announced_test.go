package handlers_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
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
	p.do(t, "/digests")
	p.do(t, "/mails")
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

// The mail server is slow, and the mails to followers are being sent one after the other: the mail of an order waits for one of
// them at most.
func TestFollowers_holdUpNoOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		var readers []domain.Person
		for n := range 25 {
			readers = append(readers, person(fmt.Sprint("Reader", n)))
			o.wants(t, readers[n].Name, domain.Following, domain.AtOnce)
		}
		p.handle(t, announced(t, "A post", "0.0", readers...))
		o.post.takes = 400 * time.Millisecond
		var schedule sync.WaitGroup
		schedule.Go(func() { p.do(t, "/mails") })
		time.Sleep(time.Second)
		began := time.Now()
		p.handle(t, orderIs(t, "confirmed"))
		took := time.Since(began)
		schedule.Wait()
		if o.post.sent["order-confirmed-"+orderID+".eml"] != 1 || took >= time.Second {
			t.Errorf("it took %s, and sent were %v", took, o.post.sent)
		}
		if got := o.sentOf(t, domain.PostAnnounced); got < 10 || got == len(readers) {
			t.Errorf("the schedule has sent %d mails meanwhile", got)
		}
	})
}

// Whatever dies at any call, each follower is told once, in the way that they want.
func TestFollowers_areToldOnceWhateverDies(t *testing.T) {
	must.HaveTime(t)
	for _, after := range []bool{false, true} {
		for n, died := 1, true; died; n++ {
			died = false
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t)
				o.wants(t, "Ann", domain.Following, domain.AtOnce)
				o.wants(t, "Nora", domain.Following, domain.Never)
				d, e := o.kill(n, after), announced(t, "A post", "0.0", person("Ann"), person("Nora"), person("Dan"))
				failed := o.process().on[e.Type](t.Context(), e)
				died, d.over = d.dead, true
				if failed != nil {
					o.process().handle(t, e)
				}
				p := o.process()
				p.retryFor(t, 2*time.Minute)
				time.Sleep(8 * time.Hour)
				p.digest(t)
				if got := o.sentOf(t, domain.PostAnnounced); got != 1 || o.post.calls["ann@example.com"] != 1 {
					t.Errorf("call %d, after: %t: sent were %v", n, after, o.post.sent)
				}
				if got := o.sentOf(t, domain.DailyDigest); got != 1 || o.post.calls["dan@example.com"] != 1 {
					t.Errorf("call %d, after: %t: sent were %v", n, after, o.post.sent)
				}
				for _, name := range []string{"Ann", "Nora", "Dan"} {
					if inbox := o.inboxOf(t, name); len(inbox) != 1 {
						t.Errorf("call %d, after: %t: the inbox of %s has %v", n, after, name, inbox)
					}
				}
			})
		}
	}
}

// The store is so slow that a handler has not the time for all. The next delivery goes on with the others.
func TestFollowers_areToldHoweverSlowTheStoreIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		var readers []domain.Person
		for n := range 25 {
			readers = append(readers, person(fmt.Sprint("Reader", n)))
		}
		o.states.Before = func(operation, key string) error {
			if operation == "save" || strings.HasPrefix(key, "inbox-of") || strings.HasPrefix(key, "digest") { // others are read at once
				time.Sleep(120 * time.Millisecond)
			}
			return nil
		}
		e, told := announced(t, "A post", "0.0", readers...), false
		for range 6 {
			ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
			told = told || o.process().on[e.Type](ctx, e) == nil
			cancel()
		}
		if !told {
			t.Error("the event is never acknowledged")
		}
		for _, reader := range readers {
			if inbox := o.inboxOf(t, reader.Name); len(inbox) != 1 {
				t.Errorf("the inbox of %s has %v", reader.Name, inbox)
			}
		}
	})
}

// An author leaves, and events about their posts come late.
func TestFollowers_areToldOfPostsOfThoseWhoLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		o.wants(t, "Rita", domain.Following, domain.AtOnce)
		p.handle(t, leaves(t, "Ada"))
		time.Sleep(24 * time.Hour)
		o.post.fails = down
		for _, to := range [][]domain.Person{{person("Rita"), person("Ben")}, {person("Rita")}} {
			p.handle(t, announced(t, fmt.Sprint("A post for ", len(to)), "0.0", to...))
		}
		o.expectNothingOf(t, "Ada")
		o.post.fails = nil
		p.retryFor(t, 10*time.Minute)
		if got := o.sentOf(t, domain.PostAnnounced); got != 2 || strings.Contains(string(o.post.last), "Ada") {
			t.Errorf("sent were %v, the last: %s", o.post.sent, o.post.last)
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
