package hostile

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"stoa/test/client"
	"stoa/test/system"
)

const (
	signUpPath = "/api/v1/auth/signup/basic"
	signInPath = "/api/v1/auth/signin/basic"
)

// accountAttacks are sign-ups and sign-ins that nobody can mean.
func accountAttacks(t *testing.T, w *world) []attack {
	t.Helper()
	refused := []int{http.StatusUnprocessableEntity, http.StatusBadRequest}
	signUp := func(body object) string { return w.ask("POST", signUpPath, client.User{}).with(text(t, body)).String() }
	all := each("sign-up with an address", map[string]string{
		"that adds a header":          "eve@example.com\r\nBcc: all@example.com",
		"that adds a line":            "eve@example.com\nTo: all@example.com",
		"that adds an escaped line":   "eve@example.com%0d%0aBcc:all@example.com",
		"that adds a line of Unicode": "eve@example.com\u2028Bcc: all@example.com",
		"of two people":               "eve@example.com, all@example.com",
		"of two people, otherwise":    "eve@example.com;all@example.com",
		"with a name":                 "Eve <eve@example.com>",
		"in brackets":                 "<eve@example.com>",
		"with a comment":              "eve(comment)@example.com",
		"in quotes":                   `"eve\" all"@example.com`,
		"with a space before it":      " eve@example.com",
		"with a space after it":       "eve@example.com ",
		"with a space of no width":    "eve\u200b @example.com",
		"with a zero":                 "eve\x00@example.com",
		"with a soft hyphen":          "e\u00adve@example.com",
		"with a mark":                 "eve\u200f@example.com",
		"with an override":            "\u202eeve@example.com",
		"of an unseen host":           "eve@exam\u200bple.com",
		"without a host":              "eve@",
		"without a name":              "@example.com",
		"of two hosts":                "eve@example.com@evil.example",
		"by a route":                  "@relay.example:eve@example.com",
		"with dots":                   "eve..x@example.com",
		"of 300 letters":              strings.Repeat("e", 288) + "@example.com",
		"that is a path":              "../../admin",
		"that is a key of a store":    "account:" + w.alice.ID,
		"that is empty":               "",
	}, attack{want: refused, field: "email"}, func(email string) string {
		return signUp(object{"email": email, "password": "correct horse battery", "name": "Eve"})
	})
	all = append(all, each("sign-up with a name", map[string]string{
		"of two spaces of no width": "\u200b\u200b", "with an override": "Eve\u202eevE", "of fillers": "\u3164\u3164", "with a line": "Eve\nBcc",
	}, attack{want: refused, field: "name"}, func(name string) string {
		return signUp(object{"email": "eve@example.com", "password": "correct horse battery", "name": name})
	})...)
	all = append(all, each("sign-up with the address of alice", map[string]string{
		"in upper case": strings.ToUpper(w.alice.Email), "in mixed case": strings.Replace(w.alice.Email, "c", "C", 1),
		"whose host is in upper case": strings.Replace(w.alice.Email, "example", "EXAMPLE", 1),
	}, attack{want: []int{http.StatusConflict}, field: "email"}, func(email string) string {
		return signUp(object{"email": email, "password": "another password", "name": "Eve"})
	})...)
	all = append(all, each("sign-up with a password that is", map[string]any{
		"short": "1234567", "empty": "", "of 101 letters": strings.Repeat("p", 101), "of 15 kB": strings.Repeat("p", 15<<10),
		"a list": []string{"correct horse battery"}, "an object": object{"$ne": ""}, "a number": 12345678, "null": nil, "true": true,
	}, attack{want: refused, field: "password"}, func(value any) string {
		return signUp(object{"email": "eve@example.com", "password": value, "name": "Eve"})
	})...)
	all = append(all, each("sign-in with a password that is", map[string]any{
		"a list": []string{w.Accounts["author"].Password}, "an object": object{"$ne": ""}, "null": nil, "true": true, "of 15 kB": strings.Repeat("p", 15<<10),
	}, attack{want: append(refused, http.StatusUnauthorized)}, func(value any) string {
		return w.ask("POST", signInPath, client.User{}).with(text(t, object{"email": w.Accounts["author"].Email, "password": value})).String()
	})...)
	all = append(all, deletionAttacks(t, w)...)
	return append(all, refreshAttacks(t, w)...)
}

// deletionAttacks ask for the deletion of an account, or for its data, in ways that nobody can mean. Bob is there afterwards.
func deletionAttacks(t *testing.T, w *world) []attack {
	t.Helper()
	refused := attack{want: []int{http.StatusUnprocessableEntity, http.StatusBadRequest, http.StatusTooManyRequests}}
	all := each("request for data with a body", map[string]any{
		"without a password":           object{},
		"with the password of another": object{"password": w.Accounts["author"].Password},
		"with an object as password":   object{"password": object{"$ne": ""}},
		"that names another account":   object{"password": client.Password, "id": w.alice.ID},
		"that is a list":               []string{client.Password},
		"that is null":                 nil,
	}, refused, func(body any) string {
		return w.ask("POST", "/api/v1/auth/profile/mine/data", w.bob).with(text(t, body)).String()
	})
	return append(all, each("deletion with a body", map[string]any{
		"without a password":           object{"posts": "keep"},
		"with the password of another": object{"password": w.Accounts["author"].Password, "posts": "keep"},
		"with an object as password":   object{"password": object{"$ne": ""}, "posts": "keep"},
		"with an empty password":       object{"password": "", "posts": "keep"},
		"without a choice":             object{"password": client.Password},
		"with another choice":          object{"password": client.Password, "posts": "sell"},
		"that names another account":   object{"password": client.Password, "posts": "keep", "id": w.alice.ID},
		"that cancels with a word":     object{"password": client.Password, "posts": "keep", "cancelOrders": "yes"},
		"that is a list":               []string{client.Password},
		"that is null":                 nil,
	}, refused, func(body any) string {
		return w.ask("DELETE", "/api/v1/auth/profile/mine", w.bob).with(text(t, body)).String()
	})...)
}

// refreshAttacks show refresh tokens that are none.
func refreshAttacks(t *testing.T, w *world) []attack {
	t.Helper()
	id, secret, _ := strings.Cut(w.refresh, ".")
	return each("refresh token", map[string]string{
		"that is made up":           "made-up",
		"that is an access token":   w.bob.Token,
		"that is an API key":        w.APIKey,
		"that is a session's id":    id,
		"without its secret":        id + ".",
		"without its session":       "." + secret,
		"of dots":                   "..",
		"of an unknown session":     unknown + "." + secret,
		"with a letter more":        w.refresh + "x",
		"with half its secret":      id + "." + secret[:len(secret)/2],
		"with another secret":       id + "." + strings.ToUpper(secret),
		"with a part more":          w.refresh + "." + secret,
		"with a space before it":    " " + w.refresh,
		"of another kind of thing":  "account:" + w.alice.ID + "." + secret,
		"of a key of a store":       "auth||session:" + id + "." + secret,
		"that is a path":            "../../session:" + id + "." + secret,
		"of zeros":                  "\x00\x00.\x00",
		"that is SQL":               "' OR 1=1--." + secret,
		"of a session in wide dots": strings.Replace(w.refresh, ".", "\uff0e", 1),
		"of 2000 letters":           strings.Repeat("r", 2000),
	}, attack{want: []int{http.StatusUnauthorized}}, func(token string) string {
		return w.ask("POST", "/api/v1/auth/token/refresh", client.User{}).with(text(t, object{"refreshToken": token})).String()
	})
}

// Whoever guesses does not learn whether there is an account: the answers do not differ in anything.
func TestSignIn_hidesWhetherAnAccountExists(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop)
	signIn := func(email, password string) client.Answer {
		return w.send(t, w.ask("POST", signInPath, client.User{}).with(text(t, object{"email": email, "password": password})).String())
	}
	for name, password := range map[string]string{"wrong": "not the password", "empty": "", "long": strings.Repeat("p", 10_000), "a zero": "\x00"} {
		t.Run(name, func(t *testing.T) {
			known, nobody := signIn(w.alice.Email, password), signIn("nobody-"+w.alice.Email, password)
			if known.Status < 400 || known.Status >= 500 {
				t.Errorf("got %s", known)
			}
			alike(t, known, nobody)
		})
	}
}

// A demoted ADMIN is let in for some seconds, and tries all the while to become ADMIN again, or to leave a key behind.
func TestRoles_areNotTakenBackByADemotedAdmin(t *testing.T) {
	t.Parallel()
	admin, eve := shop.SignIn(t, "admin"), shop.SignUp(t)
	roles := func(as client.User, names ...string) client.Request {
		return client.Request{Method: "PUT", Path: "/auth/users/" + eve.ID + "/roles", As: as, Body: object{"roles": append([]string{}, names...)}}
	}
	key := client.Request{Method: "POST", Path: "/auth/apikeys", As: eve, Body: newAPIKey(t, nil, eve)}
	users := client.Request{Method: "GET", Path: "/auth/users?limit=1", As: eve}
	shop.Must(t, roles(admin, "ADMIN"), http.StatusOK, nil)
	shop.Await(t, users, http.StatusOK) // her role is remembered from now on
	for range 3 {
		shop.Must(t, roles(admin), http.StatusOK, nil)
		shop.Must(t, roles(eve, "ADMIN"), http.StatusForbidden, nil)
		shop.Must(t, key, http.StatusForbidden, nil)
	}
	shop.Await(t, users, http.StatusForbidden)
	expectTrail(t, admin, eve)
}

// expectTrail expects in the audit trail that an ADMIN has set the roles of another account four times, and nobody else, and
// that refusals are counted.
func expectTrail(t *testing.T, admin, other client.User) {
	t.Helper()
	var trail struct {
		Items []struct {
			Act, AccountID string
			Count          int
		}
	}
	shop.Must(t, client.Request{Method: "GET", Path: "/auth/audit?limit=100&account=" + other.ID, As: admin}, http.StatusOK, &trail)
	changes := 0
	for _, entry := range trail.Items {
		if entry.Act == "set-roles" && entry.AccountID == admin.ID {
			changes += entry.Count
		} else if entry.Act == "set-roles" || entry.Act == "create-api-key" {
			t.Errorf("the trail has %+v", entry)
		}
	}
	if changes != 4 {
		t.Errorf("the trail has %d changes of roles: %+v", changes, trail)
	}
	system.Eventually(t, "the refusals are counted", func() error {
		answer := shop.Must(t, client.Request{Method: "GET", Path: "/auth/audit/refusals", As: admin}, http.StatusOK, nil)
		for _, operation := range []string{"set-roles", "create-api-key"} {
			if !strings.Contains(string(answer.Body), operation) {
				return fmt.Errorf("%s is not in %s", operation, answer)
			}
		}
		return nil
	})
}
