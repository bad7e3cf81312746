package hostile

import (
	"fmt"
	"net/http"
	"testing"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
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

// While auth is away, callers that were seen a moment ago go on; nobody is told that their sign-in is not valid, for nobody
// knows; and when it is back, all is well by itself.
func TestOutage_withoutAuthNobodyIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, client.Borrow(t))
	unseen := w.SignIn(t, "staff")
	t.Cleanup(func() { must.Do(t, w.Thaw("auth")) })
	// What is remembered may be seconds old when auth freezes, and then ends a moment later.
	system.Eventually(t, "those who were seen a moment ago go on", func() error {
		must.Do(t, w.Thaw("auth"))
		if err := w.everywhere(t, w.staff, true); err != nil {
			return err
		}
		must.Do(t, w.Freeze("auth"))
		return w.everywhere(t, w.staff, true)
	})
	for service, request := range asking(t, unseen) {
		answer, err := w.Do(t.Context(), request)
		if err != nil {
			t.Errorf("%s: %v", service, err)
			continue
		}
		answer.Expect(t, http.StatusServiceUnavailable, "unavailable")
		discreet(t, answer, false)
	}
	system.Eventually(t, "nobody has been seen lately", func() error { return w.everywhere(t, w.staff, false) })
	must.Do(t, w.Thaw("auth"))
	system.Eventually(t, "everybody is let in again", func() error { return w.everywhere(t, unseen, true) })
	w.unharmed(t)
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

// What was ended stays so when auth and its sidecar are killed the moment after, and what was not goes on.
func TestSessions_stayEndedWhenAuthIsKilled(t *testing.T) {
	t.Parallel()
	c := newCast(t, client.Borrow(t))
	var key struct{ ID, Key string }
	c.Must(t, client.Request{Method: "POST", Path: "/auth/apikeys", As: c.admin, Body: newAPIKey(t, c, c.admin)}, http.StatusCreated, &key)
	signedOut, ended := c.SignInAs(t, c.alice.Email, client.Password), c.SignInAs(t, c.bob.Email, client.Password)
	withOthers := c.SignInAs(t, c.bob.Email, client.Password)

	c.Must(t, client.Request{Method: "DELETE", Path: "/auth/apikeys/" + key.ID, As: c.admin}, http.StatusNoContent, nil)
	c.Must(t, client.Request{Method: "DELETE", Path: "/auth/signout", As: signedOut}, http.StatusNoContent, nil)
	c.Must(t, client.Request{Method: "DELETE", Path: "/auth/sessions/" + sessionOf(t, ended), As: c.bob}, http.StatusNoContent, nil)
	c.Must(t, client.Request{Method: "DELETE", Path: "/auth/sessions", As: c.bob}, http.StatusNoContent, nil)
	c.Kill(t, "auth")
	c.Kill(t, "auth.sidecar")

	revoked := client.Request{Method: "GET", Path: "/products", Header: map[string]string{"X-Api-Key": key.Key}}
	c.refused(t, "the API key", revoked, http.StatusForbidden, "forbidden")
	for name, s := range map[string]client.User{"signed out": signedOut, "ended": ended, "ended with others": withOthers} {
		for service, request := range asking(t, s) {
			c.refused(t, name+" at "+service, request, http.StatusUnauthorized, "unauthenticated")
		}
		c.refused(t, "the refresh token "+name, client.RefreshOf(s), http.StatusUnauthorized, "unauthenticated")
	}
	c.Refresh(t, c.bob)
	c.unharmed(t)
}

// refused expects that a request is, as soon as there is an answer.
func (w *world) refused(t *testing.T, what string, request client.Request, status int, kind string) {
	t.Helper()
	system.Eventually(t, what+" is answered for", func() error {
		answer, err := w.Do(t.Context(), request)
		if err != nil {
			return err
		}
		if answer.Status == http.StatusServiceUnavailable {
			return fmt.Errorf("got %s", answer)
		}
		answer.Expect(t, status, kind)
		return nil
	})
}
