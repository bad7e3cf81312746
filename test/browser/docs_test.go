package browser

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"stoa/api/openapi"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// The page of the API, with nothing behind it but the gateway and the app that knows keys and accounts.
func TestDocs(t *testing.T) {
	program := find(t)
	s := &stage{Shop: client.Start(t, system.Folder(t), client.Only(t, "gateway", "auth")), browser: start(t, program)}
	t.Run("every operation is listed", s.everyOperationIsListed)
	t.Run("a link to an operation opens it", s.aLinkOpensAnOperation)
	t.Run("the search", s.theSearchHidesOthers)
	t.Run("an operation is tried out", s.anOperationIsTriedOut)
	t.Run("people can use it", s.everybodyCanUseTheDocs)
	t.Run("without scripts", s.docsWithoutScripts)
}

// docs opens the page, and waits until its operations are there.
func (s *stage) docs(t *testing.T, query string) *tab {
	t.Helper()
	b := s.open(t, true)
	b.visit("/docs"+query, 200)
	b.await("the operations are there", `document.querySelector('main[aria-busy="false"] .swagger-ui') &&
		document.querySelectorAll("[data-operation]").length === parseInt(document.getElementById("count").textContent)`)
	if said := eval[string](b, `document.querySelector('[role="alert"], .errors-wrapper')?.innerText ?? ""`); said != "" {
		t.Errorf("it says %s", said)
	}
	return b
}

// listed are the operations that the page shows, in the order of their names.
func (b *tab) listed() []string {
	b.Helper()
	found := eval[[]string](b, `[...document.querySelectorAll("[data-operation]")].map(o => o.dataset.operation)`)
	slices.Sort(found)
	return found
}

func (s *stage) everyOperationIsListed(t *testing.T) {
	b := s.docs(t, "")
	text := eval[string](b, `document.body.innerText`)
	var want []string
	for _, service := range openapi.Services() {
		var description struct {
			Paths map[string]map[string]struct{ Summary string }
		}
		must.Do(t, json.Unmarshal(must.Get(openapi.Description(service))(t), &description))
		for path, item := range description.Paths {
			for method, o := range item {
				want = append(want, strings.ToUpper(method)+" "+path)
				if o.Summary == "" || !strings.Contains(text, o.Summary) {
					t.Errorf("%s %s: the summary %q is not on the page", method, path, o.Summary)
				}
			}
		}
	}
	slices.Sort(want)
	if got := b.listed(); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	b.shows(fmt.Sprintf("%d operations", len(want)), "everybody, without an API key", "staff or admin")
}

func (s *stage) aLinkOpensAnOperation(t *testing.T) {
	b := s.docs(t, "#/Orders%3A%20orders/place-order")
	b.shows("Idempotency-Key", "curl -X POST", "$STOA_API_KEY", "$STOA_TOKEN", "/api/v1/orders", "429")
	if open := eval[[]string](b, `[...document.querySelectorAll(".opblock.is-open [data-operation]")].map(o => o.dataset.operation)`); !slices.Equal(open, []string{"POST /api/v1/orders"}) {
		t.Errorf("open are %q", open)
	}
	for language, want := range map[string]string{"Go": "http.NewRequestWithContext", "JavaScript": "await fetch", "Python": "requests.request"} {
		b.click(language)
		b.shows(want)
	}
}

func (s *stage) theSearchHidesOthers(t *testing.T) {
	b := s.docs(t, "?q=Staff+POST+products")
	want := []string{"POST /api/v1/products", "POST /api/v1/products/search/rebuild", "POST /api/v1/products/{id}/stock"}
	if got := b.listed(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	b.fill("Search", "quantity place-order")
	b.shows("1 of ")
	if got := b.listed(); !slices.Equal(got, []string{"POST /api/v1/orders"}) {
		t.Errorf("got %q", got)
	}
	b.fill("Search", "zzz")
	b.shows("No operation has all of these words.")
}

// Somebody signs in by the page itself, and then does what only they may do. No sample has the key or the token.
func (s *stage) anOperationIsTriedOut(t *testing.T) {
	b := s.docs(t, "#/Auth%3A%20sign-in/sign-in")
	admin := s.Accounts["admin"]
	b.refuses("401")
	b.click("Try it out")
	b.fill("Body", string(must.Get(json.Marshal(object{"email": admin.Email, "password": admin.Password}))(t)))
	b.click("Execute")
	b.shows("the header x-api-key is missing")
	b.fill("Your API key", s.APIKey)
	b.click("Execute")
	b.shows("You are signed in.")
	b.click("POST /api/v1/auth/signin/basic") // closes it
	b.click("GET /api/v1/auth/users List")
	b.click("Try it out")
	b.click("Execute")
	b.shows(admin.Email, "Request duration")
	samples := eval[string](b, `[...document.querySelectorAll(".samples")].map(e => e.innerText).join()`)
	token := eval[string](b, `document.getElementById("token").value`)
	if !strings.Contains(samples, "/api/v1/auth/users") || strings.Contains(samples, s.APIKey) || token == "" || strings.Contains(samples, token) {
		t.Errorf("with the token %q, the samples are %s", token, samples)
	}
}

func (s *stage) everybodyCanUseTheDocs(t *testing.T) {
	b := s.docs(t, "#/Orders%3A%20orders/place-order")
	b.click("Try it out")
	b.shows("Execute")
	for _, wrong := range b.wrong() {
		t.Errorf("all operations, one of them open: %s", wrong)
	}
	b.fill("Search", "zzz")
	b.shows("No operation has all of these words.")
	for _, wrong := range b.wrong() {
		t.Errorf("no operation: %s", wrong)
	}
	b.visit("/docs?q=place-order", 200)
	for _, name := range []string{"POST /api/v1/orders", "Try it out", "Go"} {
		b.enter(name)
	}
	b.shows("Execute", "http.NewRequestWithContext")
}

func (s *stage) docsWithoutScripts(t *testing.T) {
	b := s.open(t, false)
	b.visit("/docs", 200)
	b.shows("This page needs JavaScript.")
	if links := eval[int](b, `document.querySelectorAll('a[href^="/docs/openapi/"]').length`); links != len(openapi.Services()) {
		t.Errorf("%d descriptions are linked", links)
	}
}
