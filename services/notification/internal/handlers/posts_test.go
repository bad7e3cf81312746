package handlers_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stoa/api/events"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/services/notification/internal/domain"
	"stoa/services/notification/internal/repositories"
)

var postID = ids.New()

// person is an account whose id follows from its name.
func person(name string) domain.Person {
	return domain.Person{ID: ids.Derive(name), Name: name, Email: strings.ToLower(name) + "@example.com"}
}

// rolesOf is the event that a person has these roles from a time on.
func rolesOf(t *testing.T, name string, at time.Time, roles ...string) messaging.Event {
	t.Helper()
	p := person(name)
	a := domain.Account{ID: p.ID, Name: p.Name, Email: p.Email, Roles: append([]string{"LEARNER"}, roles...), Verified: true, At: at}
	return event(t, "account.roles_changed.v1", a, at.String())
}

// postIs is the event that a post by Ada was submitted, published or refused.
func postIs(t *testing.T, fact, note string) messaging.Event {
	t.Helper()
	return event(t, "post."+fact+".v1", domain.Post{
		ID: postID, Title: "How to glaze", Slug: "how-to-glaze", Revision: 3, Author: person("Ada"), By: person("Ada").ID, Note: note,
		At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	})
}

// comment is the event that Eve commented on the post.
func comment(t *testing.T, recipients ...domain.Person) messaging.Event {
	t.Helper()
	id := ids.New()
	return event(t, "comment.added.v1", map[string]any{
		"id": id, "post": map[string]string{"id": postID, "title": "How to glaze", "slug": "how-to-glaze"},
		"author":  map[string]string{"id": person("Eve").ID, "name": "Eve"},
		"excerpt": "Which temperature?", "at": time.Now(), "recipients": recipients,
	}, id)
}

// inboxOf lists the inbox of a person.
func (o *office) inboxOf(t *testing.T, name string) []domain.Record {
	t.Helper()
	list, _, err := repositories.NewNotices(o.side, noticeTTL).List(t.Context(), person(name).ID, "", 100)
	must.Do(t, err)
	return list
}

func TestPosts_areToldToThoseConcerned(t *testing.T) {
	o := newOffice(t)
	p := o.process()
	for _, name := range []string{"Ida", "Max", "Ada"} {
		p.handle(t, rolesOf(t, name, time.Now(), "EDITOR"))
	}
	unverified := person("Bob")
	unverified.Email = ""
	all := []messaging.Event{
		postIs(t, "submitted", ""), postIs(t, "refused", "Please name\nyour sources."), postIs(t, "published", ""),
		comment(t, person("Ada"), unverified, person("Ada")),
	}
	for range 2 {
		for _, e := range all {
			must.Do(t, events.Check(e.Type, e.Data))
			p.handle(t, e)
			e.ID = ids.New() // a replay
			p.handle(t, e)
		}
	}
	const link = "https://stoa.example/blog/how-to-glaze"
	for name, want := range map[string][]string{
		"Ida": {"post-submitted “How to glaze” waits for an editor. "},
		"Max": {"post-submitted “How to glaze” waits for an editor. "},
		"Ada": {
			"comment-added There is a new comment on “How to glaze”: Which temperature? " + link,
			"post-published Everyone can read “How to glaze” now. " + link,
			"post-refused An editor has given “How to glaze” back to you. The note: Please name your sources. ",
		},
		"Bob": {"comment-added There is a new comment on “How to glaze”: Which temperature? " + link},
	} {
		var got []string
		for _, r := range o.inboxOf(t, name) {
			got = append(got, fmt.Sprintf("%s %s %s", r.Kind, r.Text, r.Link))
			mails := 1
			if name == "Bob" {
				mails = 0
			}
			if r.PostID != postID || o.post.sent[r.ID+".eml"] != mails {
				t.Errorf("%s: %s is about %q, and was mailed %d times", name, r.ID, r.PostID, o.post.sent[r.ID+".eml"])
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// Events about one account arrive in any order, and the latest says who is an editor.
func TestEditors_areThoseOfTheLatestEvent(t *testing.T) {
	o := newOffice(t)
	p, now := o.process(), time.Now()
	given, taken := rolesOf(t, "Ida", now, "EDITOR", "AUTHOR"), rolesOf(t, "Ida", now.Add(time.Second))
	renamed := event(t, "account.changed.v1", domain.Account{
		ID: person("Max").ID, Name: "Maxim", Email: "max@example.com", At: now.Add(time.Minute), Verified: true, Roles: []string{"EDITOR"},
	})
	for _, e := range []messaging.Event{
		given, taken, given, rolesOf(t, "Zoe", now.Add(time.Second), "EDITOR"), rolesOf(t, "Zoe", now), rolesOf(t, "Max", now, "EDITOR"), renamed,
		rolesOf(t, "Eve", now.Add(time.Second)), rolesOf(t, "Eve", now, "EDITOR"), // the role that was taken away comes last
	} {
		must.Do(t, events.Check(e.Type, e.Data))
		p.handle(t, e)
	}
	p.handle(t, postIs(t, "submitted", ""))
	if ida, zoe := o.inboxOf(t, "Ida"), o.inboxOf(t, "Zoe"); len(ida) != 0 || len(zoe) != 1 {
		t.Errorf("a former editor got %v, an editor %v", ida, zoe)
	}
	editors := must.Get(domain.NewEditors(repositories.NewEditors(o.side)).List(t.Context()))(t)
	if len(editors) != 2 || !slices.ContainsFunc(editors, func(e domain.Person) bool { return e.Name == "Maxim" }) {
		t.Errorf("the editors are %v", editors)
	}
}

// A process dies while it tells the editors. The next delivery tells the others, and nobody twice.
func TestPosts_areToldOnceIfAProcessDiesInBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		e := o.submission(t, p)
		o.states.Before = func(operation, _ string) error {
			if o.post.total() >= 4 && operation != "save" { // what was sent is recorded, and with the last editors nothing has begun yet
				return errors.New("killed")
			}
			return nil
		}
		if p.on[e.Type](t.Context(), e) == nil {
			t.Error("the event is acknowledged before all are told")
		}
		o.states.Before = nil
		next := o.process()
		next.handle(t, e)
		next.retryFor(t, 2*time.Minute)
		if len(o.post.sent) != 20 || o.post.total() != 20 {
			t.Errorf("sent were %v", o.post.sent)
		}
	})
}

// submission is a post that is submitted while there are twenty editors.
func (o *office) submission(t *testing.T, p *process) messaging.Event {
	t.Helper()
	for n := range 20 {
		p.handle(t, rolesOf(t, fmt.Sprintf("Editor%d", n), time.Now(), "EDITOR"))
	}
	return postIs(t, "submitted", "")
}

// To tell an editor takes several calls, and the events behind this one wait for all: so editors are told side by side.
func TestPosts_areToldToSeveralAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		e := o.submission(t, p)
		var telling atomic.Int32
		others := make(chan struct{})
		o.states.Before = func(operation, key string) error {
			if operation == "save" && strings.HasPrefix(key, "inbox-of:") {
				telling.Add(1)
				<-others
			}
			return nil
		}
		told := make(chan error)
		go func() { told <- p.on[e.Type](t.Context(), e) }()
		synctest.Wait()
		if got := telling.Load(); got != 8 {
			t.Errorf("%d editors are told at the same time", got)
		}
		close(others)
		must.Do(t, <-told)
		if got := o.sentOf(t, domain.PostSubmitted); got != 20 {
			t.Errorf("%d mails were sent", got)
		}
	})
}

// However many editors are told at the same time, the mail of an order waits for one of theirs at most.
func TestPosts_holdUpNoOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		e := o.submission(t, p)
		o.post.takes = 300 * time.Millisecond
		var posts sync.WaitGroup
		posts.Go(func() { p.handle(t, e) })
		time.Sleep(time.Second)
		began := time.Now()
		p.handle(t, orderIs(t, "confirmed"))
		if took := time.Since(began); took > 2*o.post.takes {
			t.Errorf("it took %s", took)
		}
		posts.Wait()
	})
}

// While the mail server is down, the mails of an event are put on their list by one write.
func TestPosts_waitTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		e := o.submission(t, p)
		o.post.fails = down
		var writes atomic.Int32
		o.states.Before = func(operation, key string) error {
			if operation == "save" && strings.HasPrefix(key, "mails:") {
				writes.Add(1)
			}
			return nil
		}
		p.handle(t, e)
		if got := writes.Load(); got != 1 {
			t.Errorf("%d writes", got)
		}
		o.states.Before, o.post.fails = nil, nil
		p.retryFor(t, 5*time.Minute)
		if got := o.sentOf(t, domain.PostSubmitted); got != 20 {
			t.Errorf("%d mails were sent", got)
		}
	})
}

// After an outage of the mail server, the mail of an order goes out before a hundred about posts that waited for longer.
func TestOrders_doNotWaitBehindPosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.fails = down
		p := o.process()
		var thread []domain.Person
		for n := range 100 {
			thread = append(thread, person(fmt.Sprintf("Reader%d", n)))
		}
		p.handle(t, comment(t, thread...))
		p.handle(t, orderIs(t, "confirmed"))
		o.post.fails, o.post.takes = nil, 3*time.Second
		time.Sleep(time.Minute)
		p.retry(t)
		if got := o.post.total(); o.post.sent["order-confirmed-"+orderID+".eml"] != 1 || got > 4 {
			t.Errorf("sent were %v", o.post.sent)
		}
		o.post.takes = 0
		p.retryFor(t, 10*time.Minute)
		if got := o.post.total(); got != 101 {
			t.Errorf("%d mails were sent", got)
		}
	})
}

// A mail about a submitted post waits, and its editor loses the role meanwhile.
func TestParkedMails_areNotSentToFormerEditors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		for _, name := range []string{"Ida", "Max"} {
			p.handle(t, rolesOf(t, name, time.Now(), "EDITOR"))
		}
		o.post.fails = down
		p.handle(t, postIs(t, "submitted", ""))
		o.post.fails = nil
		time.Sleep(time.Second)
		p.handle(t, rolesOf(t, "Ida", time.Now()))
		p.retryFor(t, 5*time.Minute)
		if o.post.total() != 1 || len(o.post.calls) != 2 || len(o.bus.Events()) != 0 {
			t.Errorf("sent were %v, %d dead letters", o.post.sent, len(o.bus.Events()))
		}
	})
}
