package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"stoa/internal/stack/state"
	"stoa/test/client"
	"stoa/test/system"
)

// statuses sends many requests at once and counts the answers by their status.
func statuses(t *testing.T, shop *client.Shop, n int, request func(i int) client.Request) map[int]int {
	t.Helper()
	answers := make([]client.Answer, n)
	system.AtOnce(n, func(i int) {
		var err error
		if answers[i], err = shop.Do(t.Context(), request(i)); err != nil {
			t.Error(err)
		}
	})
	count := map[int]int{}
	for _, answer := range answers {
		count[answer.Status]++
	}
	return count
}

func TestRefresh_winsOnceOfMany(t *testing.T) {
	t.Parallel()
	up := shop.SignUp(t)
	got := statuses(t, shop, 50, func(int) client.Request { return client.RefreshOf(up) })
	if got[http.StatusOK] != 1 || got[http.StatusConflict] != 49 {
		t.Errorf("got %v, want one 200 and 49 conflicts", got)
	}
	shop.Must(t, client.ProfileOf(up), http.StatusOK, nil)
}

func TestRefresh_endsTheSessionOfAStolenToken(t *testing.T) {
	t.Parallel()
	up := shop.SignUp(t)
	latest := shop.Refresh(t, shop.Refresh(t, up))
	for _, ended := range []client.User{up, latest} {
		shop.Must(t, client.RefreshOf(ended), http.StatusUnauthorized, nil)
	}
	awaitNotice(t, shop, shop.SignInAs(t, up.Email, client.Password), "account-sessions-revoked")
}

// awaitNotice waits until somebody has a notice of this kind, and a mail.
func awaitNotice(t *testing.T, shop *client.Shop, u client.User, kind string) {
	t.Helper()
	var inbox struct{ Items []struct{ ID, Kind string } }
	id := ""
	system.Eventually(t, "there is a notice "+kind, func() error {
		shop.Must(t, client.Request{Method: "GET", Path: "/notifications", As: u}, http.StatusOK, &inbox)
		for _, item := range inbox.Items {
			if item.Kind == kind {
				id = item.ID
				return nil
			}
		}
		return fmt.Errorf("the inbox is %+v", inbox)
	})
	system.Eventually(t, "there is a mail "+kind, func() error {
		text, err := os.ReadFile(state.Path(shop.Dir(), "mail", id+".eml"))
		if err == nil && !strings.Contains(string(text), u.Email) {
			err = fmt.Errorf("it is to somebody else: %s", text)
		}
		return err
	})
}

// What ends a session is refused by every service within five seconds, on whatever it had been used before.
func TestSessions_areRefusedEverywhereOnceEnded(t *testing.T) {
	t.Parallel()
	here := shop.SignUp(t)
	awaitNotice(t, shop, here, "account-registered")
	ways := map[string]client.Request{
		"signing out":       {Method: "DELETE", Path: "/auth/signout"},
		"ending the others": {Method: "DELETE", Path: "/auth/sessions", As: here},
		"another password": {
			Method: "PUT", Path: "/auth/password", As: here, Body: map[string]string{"current": client.Password, "new": "battery staple"},
		},
	}
	for _, name := range []string{"signing out", "ending the others", "another password"} { // the password changes once
		t.Run(name, func(t *testing.T) {
			other, request := shop.SignInAs(t, here.Email, client.Password), ways[name]
			if request.As.Token == "" {
				request.As = other
			}
			reads := []client.Request{
				{Method: "GET", Path: "/notifications", As: other}, {Method: "GET", Path: "/orders", As: other}, client.ProfileOf(other),
			}
			for _, read := range reads {
				shop.Must(t, read, http.StatusOK, nil)
			}
			shop.Must(t, request, http.StatusNoContent, nil)
			ended := time.Now()
			for _, read := range reads {
				system.Eventually(t, read.Path+" is refused", func() error {
					late := time.Since(ended)
					answer, err := shop.Do(t.Context(), read)
					if err == nil && answer.Status == http.StatusOK && late > deadWithin {
						t.Errorf("%s is served after %s", read.Path, late)
					}
					if err == nil && answer.Status != http.StatusUnauthorized {
						err = fmt.Errorf("got %s", answer)
					}
					return err
				})
			}
			shop.Must(t, client.RefreshOf(other), http.StatusUnauthorized, nil)
			shop.Must(t, client.ProfileOf(here), http.StatusOK, nil)
		})
	}
	shop.Must(t, client.SignInOf(here.Email, client.Password), http.StatusUnauthorized, nil)
	shop.SignInAs(t, here.Email, "battery staple")
	awaitNotice(t, shop, here, "account-password-changed")
}

func TestSessions_areListedWithTheirOrigin(t *testing.T) {
	t.Parallel()
	here, eve := shop.SignUp(t), shop.SignUp(t)
	request := client.Request{Method: "GET", Path: "/auth/sessions", As: here, Header: map[string]string{
		"X-Forwarded-For": "203.0.113.9",
	}}
	var list struct {
		Items []struct {
			ID, UserAgent, Address string
			Current                bool
		}
	}
	in := client.SignInOf(here.Email, client.Password)
	in.Header = map[string]string{"X-Forwarded-For": "203.0.113.9", "User-Agent": "a browser"}
	shop.Must(t, in, http.StatusOK, nil)
	shop.Must(t, request, http.StatusOK, &list)
	if len(list.Items) != 2 || list.Items[0].Address != "127.0.0.1" || list.Items[0].UserAgent != "a browser" || !list.Items[1].Current {
		t.Errorf("got %+v", list)
	}
	// Somebody else's is as unknown as one that never was.
	path := "/auth/sessions/" + list.Items[1].ID
	foreign := shop.Must(t, client.Request{Method: "DELETE", Path: path, As: eve}, http.StatusNotFound, nil)
	unknown := shop.Must(t, client.Request{Method: "DELETE", Path: "/auth/sessions/" + eve.ID, As: eve}, http.StatusNotFound, nil)
	if foreign.Problem().Detail != unknown.Problem().Detail {
		t.Errorf("somebody else's: %s, unknown: %s", foreign, unknown)
	}
}

func TestRoles_countWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	admin, ada := shop.SignIn(t, "admin"), shop.SignUp(t)
	door := knock(t, shop, client.Request{Method: "GET", Path: "/backoffice/fulfilments", As: ada})
	door.await(t, "a learner is refused", http.StatusForbidden)
	for _, step := range []struct {
		roles     []string
		want, not int
	}{{[]string{"STAFF"}, http.StatusOK, http.StatusForbidden}, {[]string{}, http.StatusForbidden, http.StatusOK}} {
		body := map[string][]string{"roles": step.roles}
		shop.Must(t, client.Request{Method: "PUT", Path: "/auth/users/" + ada.ID + "/roles", As: admin, Body: body}, http.StatusOK, nil)
		given := time.Now()
		door.await(t, fmt.Sprint("the roles are ", step.roles), step.want)
		if took := door.last(step.not).Sub(given); took > deadWithin {
			t.Errorf("%v: it did not count for %s", step.roles, took)
		}
	}
	var users struct{ Items []struct{ ID, Email string } }
	shop.Must(t, client.Request{Method: "GET", Path: "/auth/users?email=" + strings.ToUpper(ada.Email), As: admin}, http.StatusOK, &users)
	if len(users.Items) != 1 || users.Items[0].ID != ada.ID {
		t.Errorf("got %+v", users)
	}
}
