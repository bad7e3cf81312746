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

	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/notification/internal/domain"
)

// death makes the n-th call of the store fail, before it happens or after, and all that follow, until another process begins.
type death struct {
	mu         sync.Mutex
	n, calls   int
	dead, over bool
}

// kill lets a process die.
func (o *office) kill(n int, after bool) *death {
	d := &death{n: n}
	if after {
		o.states.After = d.call
	} else {
		o.states.Before = d.call
	}
	return d
}

func (d *death) call(string, string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return nil
	}
	d.calls++
	if d.dead = d.dead || d.calls == d.n; d.dead {
		return errors.New("killed")
	}
	return nil
}

func (p *process) do(t *testing.T, schedule string) {
	t.Helper()
	p.Do(t, webtest.Request{Method: http.MethodPost, Path: schedule})
}

// Whatever dies at any call but those of a mail, whatever was gathered is in one digest, and each digest is sent once.
func TestDigests_areSentOnceWhateverDies(t *testing.T) {
	must.HaveTime(t)
	for _, after := range []bool{false, true} {
		for n, died := 1, true; died; n++ {
			died = false
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t)
				d := o.kill(n, after)
				for _, title := range []string{"One", "Two"} {
					e := announced(t, title, "0.0", person("Rita"))
					failed := o.process().on[e.Type](t.Context(), e)
					if d.dead = false; failed != nil {
						o.process().handle(t, e)
					}
				}
				time.Sleep(8 * time.Hour)
				for range 5 {
					o.process().do(t, "/digests")
					d.dead, d.over = false, true // a mail is sent again if its process dies before it has stored that it was sent
					o.process().do(t, "/mails")
					d.over = false
					time.Sleep(time.Minute)
				}
				if died = d.calls >= n; !died {
					return
				}
				time.Sleep(24 * time.Hour)
				o.process().digest(t)
				if got := o.sentOf(t, domain.DailyDigest); got != 1 {
					t.Errorf("call %d, after: %t: sent were %v", n, after, o.post.sent)
				}
				if text := string(o.post.last); strings.Count(text, "=E2=80=9COne") == 0 || strings.Count(text, "=E2=80=9CTwo") == 0 {
					t.Errorf("call %d, after: %t: %s", n, after, text)
				}
			})
		}
	}
}

// A process dies while it sends a digest: no other is sent twice, and this one only if it had been sent.
func TestDigests_surviveTheirMail(t *testing.T) {
	must.HaveTime(t)
	for _, after := range []bool{false, true} {
		for n, died := 1, true; died; n++ {
			died = false
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t)
				for _, name := range []string{"Rita", "Ben"} {
					o.process().handle(t, announced(t, "One", name, person(name)))
				}
				time.Sleep(8 * time.Hour)
				o.process().do(t, "/digests")
				d := o.kill(n, after)
				o.process().do(t, "/mails")
				died, d.over = d.dead, true
				sent := o.post.total()
				o.process().retryFor(t, 2*time.Minute)
				for name, copies := range o.post.sent {
					if copies > 2 || copies == 2 && (!died || sent == 0) {
						t.Errorf("call %d, after: %t: %s was sent %d times", n, after, name, copies)
					}
				}
				if len(o.post.sent) != 2 || o.post.total() > 3 {
					t.Errorf("call %d, after: %t: sent were %v", n, after, o.post.sent)
				}
			})
		}
	}
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

// A digest waits for the mail server, and its reader changes the settings: what was ended is left out, and what is to come at once is not lost.
func TestDigests_areWithoutWhatWasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		for _, name := range []string{"Rita", "Ben", "Nora"} {
			o.wants(t, name, domain.Comments, domain.Daily)
			p.handle(t, comment(t, person(name)))
			p.handle(t, announced(t, "One", name, person(name)))
		}
		time.Sleep(8 * time.Hour)
		o.post.fails = down
		p.digest(t)
		o.post.fails = nil
		o.wants(t, "Rita", domain.Following, domain.Never)
		for _, group := range []domain.Group{domain.Following, domain.Comments} {
			o.wants(t, "Ben", group, domain.AtOnce)
			o.wants(t, "Nora", group, domain.Never)
		}
		texts := map[string]string{}
		o.post.reads = func(to string, text []byte) { texts[to] = string(text) }
		p.retryFor(t, 2*time.Minute)
		for name, want := range map[string][2]bool{"rita": {true, false}, "ben": {true, true}, "nora": {}} {
			text := texts[name+"@example.com"]
			got := [2]bool{strings.Contains(text, "How to glaze"), strings.Contains(text, "=E2=80=9COne")}
			if got != want {
				t.Errorf("%s got a comment and a post: %v, want %v: %s", name, got, want, text)
			}
		}
	})
}
