package hostile

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"stoa/internal/stack"
	"stoa/test/client"
)

// asking is something that staff may ask of each service but auth.
func asking(t *testing.T, as client.User) map[string]client.Request {
	t.Helper()
	requests := map[string]client.Request{}
	for service, request := range client.EachGuarded(t, as) {
		requests[service] = request.Request
	}
	delete(requests, "auth")
	return requests
}

// through reports whether somebody came past the check of who they are.
func through(answer client.Answer) bool {
	return answer.Status == http.StatusOK || answer.Status == http.StatusNotFound
}

// While auth is away, whoever was seen a moment ago goes on; nobody is told that their sign-in does not hold, for nobody
// knows; and when it is back, all is well by itself.
func TestOutage_withoutAuthNobodyIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorldIn(t, client.Start(t, t.TempDir()))
	unseen := w.SignIn(t, "staff")
	all := func(as client.User, check func(service string, answer client.Answer)) {
		var done sync.WaitGroup
		for service, request := range asking(t, as) {
			done.Go(func() {
				answer, err := w.Do(t.Context(), request)
				if err != nil {
					t.Errorf("%s: %v", service, err)
					return
				}
				check(service, answer)
			})
		}
		done.Wait()
	}
	expectThrough := func(service string, answer client.Answer) {
		if !through(answer) {
			t.Errorf("%s: got %s", service, answer)
		}
	}
	all(w.staff, expectThrough)
	if err := w.Freeze("auth"); err != nil {
		t.Fatal(err)
	}
	all(w.staff, expectThrough)
	all(unseen, func(service string, answer client.Answer) { expectOutage(t, service, answer) })
	client.Eventually(t, "nobody has been seen lately", func() error { return w.everywhere(t, w.staff, false) })
	if err := w.Thaw("auth"); err != nil {
		t.Fatal(err)
	}
	client.Eventually(t, "everybody is let in again", func() error { return w.everywhere(t, unseen, true) })
	w.unharmed(t)
}

func expectOutage(t *testing.T, service string, answer client.Answer) {
	t.Helper()
	expect(t, answer, http.StatusServiceUnavailable, "unavailable")
	discreet(t, answer, false)
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("%s: Retry-After is %q", service, answer.Header.Get("Retry-After"))
	}
}

// everywhere is nil once every service lets somebody in, or none does. Whatever it is, it is no refusal.
func (w *world) everywhere(t *testing.T, as client.User, in bool) error {
	for service, request := range asking(t, as) {
		answer, err := w.Do(t.Context(), request)
		switch {
		case err != nil:
			return err
		case !through(answer) && answer.Status != http.StatusServiceUnavailable:
			t.Errorf("%s: got %s", service, answer)
		case through(answer) != in:
			return fmt.Errorf("%s: got %s", service, answer)
		}
	}
	return nil
}

// What was ended stays so when auth is killed the moment after.
func TestSessions_stayEndedWhenAuthIsKilled(t *testing.T) {
	t.Parallel()
	c := newCastIn(t, client.Start(t, t.TempDir()))
	var key struct{ ID, Key string }
	c.Must(t, client.Request{Method: "POST", Path: "/auth/apikeys", As: c.admin, Body: newAPIKey(t, c, c.admin)}, http.StatusCreated, &key)
	signedOut, ended := c.session(t, c.alice), c.session(t, c.bob)

	c.Must(t, client.Request{Method: "DELETE", Path: "/auth/apikeys/" + key.ID, As: c.admin}, http.StatusNoContent, nil)
	c.Must(t, client.Request{Method: "DELETE", Path: "/auth/signout", As: client.User{Token: signedOut.AccessToken}}, http.StatusNoContent, nil)
	c.Must(t, client.Request{Method: "DELETE", Path: "/auth/sessions/" + ended.id(t), As: c.bob}, http.StatusNoContent, nil)
	c.kill(t, "auth")

	revoked := client.Request{Method: "GET", Path: "/products", Header: map[string]string{"X-Api-Key": key.Key}}
	c.refused(t, "the API key", revoked, http.StatusForbidden, "forbidden")
	for name, s := range map[string]session{"signed out": signedOut, "ended": ended} {
		for service, request := range asking(t, client.User{Token: s.AccessToken}) {
			c.refused(t, name+" at "+service, request, http.StatusUnauthorized, "unauthenticated")
		}
		again := client.Request{Method: "POST", Path: "/auth/token/refresh", Body: object{"refreshToken": s.RefreshToken}}
		c.refused(t, "the refresh token "+name, again, http.StatusUnauthorized, "unauthenticated")
	}
	c.unharmed(t)
}

// kill ends a process by SIGKILL, and returns when there is another.
func (w *world) kill(t *testing.T, name string) {
	t.Helper()
	processes := w.Processes()
	before := processes[slices.IndexFunc(processes, func(p stack.Process) bool { return p.Name == name })]
	if err := w.Signal(name, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	client.Eventually(t, name+" is back", func() error { return client.Replaced(w.Stack, before) })
}

// refused expects that a request is, as soon as there is an answer.
func (w *world) refused(t *testing.T, what string, request client.Request, status int, kind string) {
	t.Helper()
	client.Eventually(t, what+" is answered for", func() error {
		answer, err := w.Do(t.Context(), request)
		if err != nil {
			return err
		}
		if answer.Status == http.StatusServiceUnavailable {
			return fmt.Errorf("got %s", answer)
		}
		expect(t, answer, status, kind)
		return nil
	})
}
