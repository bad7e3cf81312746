package handlers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/must"
	"stoa/services/notification/internal/domain"
)

// forget runs the task that forgets those who leave. It may fail.
func (p *process) forget(t *testing.T) {
	t.Helper()
	_ = p.erasure.CatchUp(t.Context())
}

// leave lets a person delete their account.
func (p *process) leave(t *testing.T, name string) {
	t.Helper()
	p.handle(t, leaves(t, name))
	p.forget(t)
}

// A digest, or a code, is in no inbox. Its process dies at any call, and then its reader leaves, so no event leads there any more.
func TestErasure_findsMailsOfNoInboxWhateverDies(t *testing.T) {
	must.HaveTime(t)
	code := account("")
	code.ID, code.Name, code.Email, code.Verified, code.Code = person("Rita").ID, "Rita", person("Rita").Email, false, "123456"
	requested := event(t, "account.verification_requested.v1", code)
	requested.Subject = code.ID
	for name, tell := range map[string]func(t *testing.T, o *office, p *process){
		"a digest": func(t *testing.T, _ *office, p *process) { p.do(t, "/digests") },
		"a code": func(t *testing.T, o *office, p *process) {
			o.post.fails = down
			_ = p.on[requested.Type](t.Context(), requested)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, after := range []bool{false, true} {
				for n, died := 1, true; died; n++ {
					died = false
					synctest.Test(t, func(t *testing.T) {
						o := newOffice(t)
						o.process().handle(t, announced(t, "One", "0.0", person("Rita")))
						time.Sleep(8 * time.Hour)
						d := o.kill(n, after)
						tell(t, o, o.process())
						died, d.over = d.dead, true
						p := o.process()
						p.handle(t, leaves(t, "Rita"))
						_ = p.on[requested.Type](t.Context(), requested) // the broker delivers it again
						for range 40 {
							p.forget(t)
							time.Sleep(10 * time.Second)
						}
						o.expectNothingOf(t, "Rita")
						if t.Failed() {
							t.Errorf("call %d, after: %t", n, after)
						}
					})
				}
			}
		})
	}
}

// crowd lets a thousand mails wait, each with the name of the author, and makes the store slow.
func (o *office) crowd(t *testing.T, p *process) {
	t.Helper()
	var readers []domain.Person
	for n := range 1000 {
		readers = append(readers, person(fmt.Sprint("Reader", n)))
		o.wants(t, readers[n].Name, domain.Following, domain.AtOnce)
	}
	for n := 0; n < len(readers); n += 25 {
		p.handle(t, announced(t, "One", fmt.Sprint(n), readers[n:n+25]...))
	}
	o.states.Before = func(string, string) error {
		time.Sleep(5 * time.Millisecond)
		return nil
	}
}

// Many mails wait while people leave, one after the other: mails are sent all the same.
func TestErasure_holdsUpNoMail(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		for n := range 5 {
			p.handle(t, leaves(t, fmt.Sprint("Former", n)))
		}
		o.crowd(t, p)
		p.do(t, "/mails")
		if o.post.total() == 0 {
			t.Error("no mail was sent")
		}
	})
}

// Many mails wait, and those who leave are looked for in one look, however many they are.
func TestErasure_looksThroughTheMailsOnceForAll(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		p := o.process()
		o.crowd(t, p)
		for _, name := range []string{"Eve", "Bob", "Ida"} { // no mail mentions them
			p.handle(t, leaves(t, name))
		}
		reads := 0
		o.states.Before = func(operation, key string) error {
			if strings.HasPrefix(key, "notice:") {
				reads++
			}
			return nil
		}
		p.forget(t)
		if reads > 1200 {
			t.Errorf("%d reads of 1,000 mails", reads)
		}
		p.leave(t, "Ada")
		o.expectNothingOf(t, "Ada")
	})
}

// The service is down for an hour, right after it has heard that somebody leaves.
func TestErasure_isFinishedAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.fails = down
		o.process().handle(t, comment(t, person("Ada")))
		o.process().handle(t, leaves(t, "Eve"))
		time.Sleep(time.Hour)
		p := o.process()
		p.forget(t)
		o.expectNothingOf(t, "Eve")
		p.forget(t)
		if known := o.states.Value("notification-store", "leaving:all"); strings.Contains(known, person("Eve").ID) {
			t.Errorf("she is looked for without end: %s", known)
		}
	})
}

// One account cannot be swept, and holds up no other. It is looked for again.
func TestErasure_ofOneHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.post.fails = down
		p := o.process()
		for _, name := range []string{"Eve", "Bob", "Ida"} {
			p.handle(t, leaves(t, name))
		}
		o.states.Before = func(_, key string) error {
			if strings.Contains(key, "inbox-of:"+person("Bob").ID) {
				return errors.New("down")
			}
			return nil
		}
		time.Sleep(6 * time.Minute)
		p.forget(t)
		known := o.states.Value("notification-store", "leaving:all")
		for name, want := range map[string]bool{"Eve": false, "Bob": true, "Ida": false} {
			if strings.Contains(known, person(name).ID) != want {
				t.Errorf("%s is to be looked for: want %t, known are %s", name, want, known)
			}
		}
	})
}
