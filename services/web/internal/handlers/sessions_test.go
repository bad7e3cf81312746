package handlers_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
)

// readable finds the name and the token of Ada, and not three letters within an id or an encrypted text.
var readable = regexp.MustCompile(`(?i)\bada\b`)

func TestSignIn_keepsTokensFromTheBrowser(t *testing.T) {
	w := newWorld(t, all)
	b := w.browser()
	answer := b.post(t, "/sign-in", "email", "ada@example.com", "password", "opensesame", "then", "/products?q=a")
	answer.leadsTo("/products?q=a")
	cookie := answer.Result().Cookies()[0]
	if cookie.Name != "stoa-session" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure || cookie.MaxAge < 86400 {
		t.Errorf("got %+v", cookie)
	}
	if len(cookie.Value) < 100 || readable.MatchString(cookie.Value) {
		t.Errorf("the cookie is %s", cookie.Value)
	}
	b.get(t, "/products").shows(http.StatusOK, "You are signed in.", "Sign out").hides("refresh", `href="/staff"`)
	b.get(t, "/products").shows(http.StatusOK, "Sign out").hides("You are signed in.")
	if asked, _ := w.last(t, "/api/v1/products"); asked.Header.Get("Authorization") != "Bearer ada" {
		t.Errorf("the service was asked with %v", asked.Header)
	}
	for _, key := range w.states.Keys("web-store", "") {
		if value := w.states.Value("web-store", key); readable.MatchString(value) {
			t.Errorf("the store has %s", value)
		}
	}
}

// auth counts wrong passwords by the network of people, not by ours.
func TestSignIn_tellsAuthWhoAsks(t *testing.T) {
	w := newWorld(t, all)
	w.browser().signIn(t, "ada")
	asked, body := w.last(t, "/api/v1/auth/signin/basic")
	if asked.Header.Get("X-Forwarded-For") != "203.0.113.7" || asked.Header.Get("User-Agent") != "Browser" || !strings.Contains(body, "opensesame") {
		t.Errorf("got %v %s", asked.Header, body)
	}
}

func TestSignIn_hasASafeCookieWithTLS(t *testing.T) {
	b := newWorld(t, all).browser()
	b.header.Set("X-Forwarded-Proto", "https")
	answer := b.post(t, "/sign-in", "email", "ada@example.com", "password", "opensesame")
	cookie := answer.Result().Cookies()[0]
	if cookie.Name != "__Host-stoa-session" || !cookie.Secure || cookie.Path != "/" || cookie.Domain != "" {
		t.Errorf("got %+v", cookie)
	}
	b.get(t, "/products").shows(http.StatusOK, "Ada")
}

func TestSignIn_saysWhatIsWrong(t *testing.T) {
	w := newWorld(t, all)
	b := w.browser()
	b.post(t, "/sign-in", "email", `x"y@example.com`, "password", "guess").
		shows(http.StatusUnauthorized, "The address or the password is not right.", `value="x&#34;y@example.com"`).hides("guess")
	b.post(t, "/sign-in").shows(http.StatusUnprocessableEntity, `id="email-error"`, "is empty")
	w.answers["POST /api/v1/auth/signin/basic"] = &errs.Error{Kind: errs.RateLimited, Message: "wait", RetryAfter: 8 * time.Second}
	b.post(t, "/sign-in", "email", "ada@example.com").shows(http.StatusTooManyRequests, "Wait 8 seconds", "ada@example.com")
	delete(w.answers, "POST /api/v1/auth/signin/basic")
	b.post(t, "/sign-in", "email", "ada@example.com").shows(http.StatusServiceUnavailable, "nothing was changed")
	if len(b.cookies) > 0 {
		t.Errorf("somebody is signed in: %v", b.cookies)
	}
}

func TestSignIn_leadsNobodyElsewhere(t *testing.T) {
	b := newWorld(t, all).browser()
	for _, then := range []string{
		"https://evil.example/", "//evil.example/", `/\evil.example`, `\\evil.example`, "javascript:alert(1)", "products", "/sign-out", "/" + strings.Repeat("x", 3000), "\n/x", "",
	} {
		b.post(t, "/sign-in", "email", "ada@example.com", "password", "opensesame", "then", then).leadsTo("/")
	}
	b.get(t, "/sign-in?then=https://evil.example/").shows(http.StatusOK).hides("evil")
}

func TestSignOut_endsTheSession(t *testing.T) {
	w := newWorld(t, all)
	b := w.browser().signIn(t, "ada")
	stolen := b.cookies["stoa-session"]
	b.post(t, "/sign-out").leadsTo("/")
	if asked, _ := w.last(t, "/api/v1/auth/signout"); asked.Header.Get("Authorization") != "Bearer ada" {
		t.Errorf("auth was asked with %v", asked.Header)
	}
	b.get(t, "/products").shows(http.StatusOK, "You are signed out.", "Sign in")
	b.cookies["stoa-session"] = stolen
	b.get(t, "/products").shows(http.StatusOK, "Sign in").hides("Ada")
	b.post(t, "/sign-out").leadsTo("/") // twice
}

func TestSession_endsWhereItWasEndedElsewhere(t *testing.T) {
	w := newWorld(t, all)
	b := w.browser().signIn(t, "ada")
	delete(w.people, "ada")
	b.get(t, "/products").shows(http.StatusOK, "Sign in").hides("Ada")
	if b.cookies["stoa-session"] == "" {
		t.Error("the answer to a page removes the cookie, which may be that of a sign-in in another tab by then")
	}
	b.get(t, "/orders").leadsTo("/sign-in?then=%2Forders")
	if _, there := b.cookies["stoa-session"]; there {
		t.Error("the browser keeps its cookie")
	}
}

// Who signs in again leaves no session behind, neither here nor at auth.
func TestSignIn_endsTheSessionOfBefore(t *testing.T) {
	w := newWorld(t, all)
	b := w.browser().signIn(t, "ada")
	old := b.cookies["stoa-session"]
	b.signIn(t, "stan")
	if asked, _ := w.last(t, "/api/v1/auth/signout"); asked.Header.Get("Authorization") != "Bearer ada" {
		t.Errorf("auth was asked with %v", asked.Header)
	}
	b.get(t, "/products").shows(http.StatusOK, "Stan")
	b.cookies["stoa-session"] = old
	b.get(t, "/products").shows(http.StatusOK, "Sign in").hides("Ada")
}

func TestSession_isNobodysWithAForgedCookie(t *testing.T) {
	b := newWorld(t, all).browser()
	for _, value := range []string{"x", strings.Repeat("A", 400), "e30"} {
		b.cookies["stoa-session"] = value
		b.get(t, "/products").shows(http.StatusOK, "Sign in")
		if _, there := b.cookies["stoa-session"]; there {
			t.Errorf("the browser keeps %q", value)
		}
	}
}

// While the store is down, nobody knows who is in front of the browser. What is public is there.
func TestSession_isUnknownWhileTheStoreIsDown(t *testing.T) {
	w := newWorld(t, all)
	b := w.browser().signIn(t, "ada")
	w.states.Before = func(string, string) error { return errs.New(errs.Unavailable, "down") }
	b.get(t, "/products").shows(http.StatusOK, "Amphora", "We cannot find out right now whether you are signed in.")
	if b.cookies["stoa-session"] == "" {
		t.Error("the cookie is gone")
	}
	b.post(t, "/sign-out").shows(http.StatusServiceUnavailable)
	w.states.Before = nil
	b.get(t, "/products").shows(http.StatusOK, "Ada")
}

func TestForms_areRefusedFromOtherSites(t *testing.T) {
	for name, tt := range map[string]struct {
		site, origin string
		taken        bool
	}{
		"of this site":                {"same-origin", "http://shop.example", true},
		"of another site":             {"cross-site", "https://evil.example", false},
		"of a neighbour":              {"same-site", "http://other.example", false},
		"in an old browser":           {"", "http://shop.example", true},
		"in an old browser, evil":     {"", "https://evil.example", false},
		"of a sandbox":                {"", "null", false},
		"of no browser":               {"", "", true},
		"behind a proxy, by its name": {"", "https://public.example", true},
	} {
		b := newWorld(t, all).browser()
		b.header.Del("Sec-Fetch-Site")
		for header, value := range map[string]string{"Sec-Fetch-Site": tt.site, "Origin": tt.origin} {
			if value != "" {
				b.header.Set(header, value)
			}
		}
		answer := b.post(t, "/sign-in", "email", "ada@example.com", "password", "opensesame")
		if taken := answer.Code == http.StatusSeeOther; taken != tt.taken || !taken && answer.Code != http.StatusForbidden {
			t.Errorf("%s: got %d", name, answer.Code)
		}
	}
}

func TestForms_takeAnythingAndBreakAtNothing(t *testing.T) {
	b := newWorld(t, all).browser()
	for name, tt := range map[string]struct {
		body string
		want int
	}{
		"not UTF-8":  {"email=%ff", http.StatusBadRequest},
		"zero":       {"email=%00", http.StatusBadRequest},
		"broken":     {"email=%zz", http.StatusBadRequest},
		"large":      {"email=" + strings.Repeat("x", web.MaxBody), http.StatusRequestEntityTooLarge},
		"many":       {strings.Repeat("a=b&", 5_000), http.StatusUnprocessableEntity},
		"in a query": {"", http.StatusUnprocessableEntity},
	} {
		answer := b.send(t, http.MethodPost, "/sign-in?email=ada@example.com&password=opensesame", tt.body)
		if answer.Code != tt.want {
			t.Errorf("%s: got %d %s, want %d", name, answer.Code, answer.Body, tt.want)
		}
	}
}

// multipartForm is a form as pages with long texts send it.
func multipartForm(t *testing.T, fields ...string) (body string, media string) {
	t.Helper()
	var text bytes.Buffer
	writer := multipart.NewWriter(&text)
	for i := 0; i < len(fields); i += 2 {
		must.Do(t, writer.WriteField(fields[i], fields[i+1]))
	}
	must.Do(t, writer.Close())
	return text.String(), writer.FormDataContentType()
}

// What was typed comes through the sign-in, passwords excepted.
func TestForms_comeBackAfterTheSignIn(t *testing.T) {
	w := newWorld(t, all)
	b := w.browser()
	body, media := multipartForm(t, "email", "ada@example.com", "password", "opensesame", "then", "/write/1", "kept.", "yes",
		"kept.text", "one\r\ntwo <3", "kept.tags", "a", "kept.tags", "b")
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/sign-in", strings.NewReader(body))
	request.Header = b.header.Clone()
	request.Header.Set("Content-Type", media)
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, request)
	page := (&reply{answer, t}).shows(http.StatusOK, "You are signed in again", `action="/write/1"`, `name="text" value="one`, "two &lt;3",
		`name="tags" value="a"`, `name="tags" value="b"`, `name="again" value="yes"`)
	page.hides("kept.", "opensesame", `name=""`)
	if len(answer.Result().Cookies()) == 0 {
		t.Error("nobody is signed in")
	}
}
