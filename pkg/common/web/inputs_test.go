package web_test

import (
	"cmp"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// newLists serves GET /lists. The list has one item, the limit, and is empty if the limit is 1; its next is the cursor.
func newLists() http.Handler {
	type listInput struct {
		web.Page
		Status string `query:"status" enum:"open,closed"`
	}
	type listOutput struct{ Body web.Listing[string] }
	router := web.NewRouter()
	huma.Register(web.NewAPI(router, "Lists", ""), huma.Operation{OperationID: "list", Method: http.MethodGet, Path: "/lists"},
		func(_ context.Context, in *listInput) (*listOutput, error) {
			var limits []int
			if in.Limit > 1 {
				limits = []int{in.Limit}
			}
			return &listOutput{Body: web.ListingOf(limits, in.Cursor, strconv.Itoa)}, nil
		})
	return web.Wrap(router, zerolog.Nop())
}

func TestPage(t *testing.T) {
	handler := newLists()
	for query, want := range map[string]string{
		"":                       `{"items":["20"]}`,
		"?limit=2&cursor=1.2":    `{"items":["2"],"next":"1.2"}`,
		"?limit=1":               `{"items":[]}`,
		"?limit=100&status=open": `{"items":["100"]}`,
	} {
		if got := ask(handler, http.MethodGet, "/lists"+query, nil); strings.TrimSpace(got.Body.String()) != want {
			t.Errorf("%s: got %d %s, want %s", query, got.Code, got.Body, want)
		}
	}
	for _, query := range []string{"limit=0", "limit=101", "limit=x", "limit=-1"} {
		p := problemOf(t, ask(handler, http.MethodGet, "/lists?"+query, nil))
		if p.Status != 422 || len(p.Errors) == 0 || p.Errors[0].Name != "limit" {
			t.Errorf("%s: got %+v", query, p)
		}
	}
}

func TestIdempotency(t *testing.T) {
	type keyedInput struct{ web.Idempotency }
	router := web.NewRouter()
	huma.Register(web.NewAPI(router, "Keys", ""), huma.Operation{OperationID: "make", Method: http.MethodPost, Path: "/things"},
		func(_ context.Context, in *keyedInput) (*output, error) {
			return &output{Body: map[string]string{"key": in.Key}}, nil
		})
	handler := web.Wrap(router, zerolog.Nop())
	for name, tt := range map[string]struct {
		keys   []string
		status int
	}{
		"none":           {nil, 200},
		"one":            {[]string{"k-1"}, 200},
		"the longest":    {[]string{strings.Repeat("k", 200)}, 200},
		"empty":          {[]string{""}, 422},
		"two":            {[]string{"k-1", "k-2"}, 422},
		"twice the same": {[]string{"k-1", "k-1"}, 422},
		"one and empty":  {[]string{"k-1", ""}, 422},
		"too long":       {[]string{strings.Repeat("k", 201)}, 422},
		"with a space":   {[]string{"k 1"}, 422},
		"not ASCII":      {[]string{"schlüssel"}, 422},
	} {
		answer := ask(handler, http.MethodPost, "/things", nil, append([]string{"Idempotency-Key"}, tt.keys...)...)
		if answer.Code != tt.status {
			t.Errorf("%s: got %d %s, want %d", name, answer.Code, answer.Body, tt.status)
			continue
		}
		if tt.status == 200 {
			if want := `{"key":"` + strings.Join(tt.keys, "") + `"}`; strings.TrimSpace(answer.Body.String()) != want {
				t.Errorf("%s: got %s, want %s", name, answer.Body, want)
			}
		} else if p := problemOf(t, answer); p.Kind != errs.Invalid || p.Errors[0].Name != "Idempotency-Key" || len(p.Errors) > 2 {
			t.Errorf("%s: got %+v", name, p)
		}
	}
}

func TestIfMatch(t *testing.T) {
	type versionInput struct{ web.IfMatch }
	router := web.NewRouter()
	huma.Register(web.NewAPI(router, "Versions", ""), huma.Operation{OperationID: "change", Method: http.MethodPut, Path: "/things"},
		func(_ context.Context, in *versionInput) (*output, error) {
			return &output{Body: map[string]string{"etag": in.ETag}}, nil
		})
	handler := web.Wrap(router, zerolog.Nop())
	for name, tt := range map[string]struct {
		tags   []string
		status int
	}{
		"none":           {nil, 200},
		"one":            {[]string{`"7"`}, 200},
		"empty":          {[]string{""}, 422},
		"two":            {[]string{`"7"`, `"8"`}, 422},
		"a list":         {[]string{`"7", "8"`}, 422},
		"without quotes": {[]string{"7"}, 422},
		"any":            {[]string{"*"}, 422},
		"no number":      {[]string{`"x"`}, 422},
	} {
		answer := ask(handler, http.MethodPut, "/things", nil, append([]string{"If-Match"}, tt.tags...)...)
		if answer.Code != tt.status {
			t.Errorf("%s: got %d %s, want %d", name, answer.Code, answer.Body, tt.status)
			continue
		}
		if tt.status == 422 {
			if p := problemOf(t, answer); p.Kind != errs.Invalid || p.Errors[0].Name != "If-Match" {
				t.Errorf("%s: got %+v", name, p)
			}
		}
	}
}

// The description has the errors that follow from security and inputs, and those that the operation lists.
func TestAPI_describesTheErrorsThatFollow(t *testing.T) {
	router := web.NewRouter()
	api := web.NewAPI(router, "Things", "")
	signedIn := []map[string][]string{{"bearer": {}}}
	staff := []map[string][]string{{"bearer": {"STAFF"}}}
	taken := web.Refusals(map[int]string{http.StatusConflict: "The name is taken"})
	register(api, huma.Operation{OperationID: "open", Method: http.MethodGet, Path: "/open"})
	register(api, huma.Operation{OperationID: "mine", Method: http.MethodGet, Path: "/mine", Security: signedIn})
	register(api, huma.Operation{OperationID: "staff", Method: http.MethodGet, Path: "/staff", Security: staff, Responses: taken})
	register(api, huma.Operation{OperationID: "open api", Method: http.MethodGet, Path: "/api/open"})
	register(api, huma.Operation{OperationID: "no key", Method: http.MethodGet, Path: "/api/no-key", Security: web.NoKey()})
	huma.Register(api, huma.Operation{OperationID: "make", Method: http.MethodPost, Path: "/things/{id}"},
		func(context.Context, *struct {
			ID   string `path:"id"`
			Body struct{ Name string }
		}) (*struct{}, error) {
			return nil, nil
		})
	for path, want := range map[string]string{
		"/open":        "200 400 422 500 503",
		"/mine":        "200 400 401 422 500 503",
		"/staff":       "200 400 401 403 409 422 500 503",
		"/things/{id}": "204 400 404 413 415 422 500 503",
		"/api/open":    "200 400 401 403 422 429 500 503",
		"/api/no-key":  "200 400 422 429 500 503",
	} {
		op := cmp.Or(api.OpenAPI().Paths[path].Get, api.OpenAPI().Paths[path].Post)
		if got := strings.Join(slices.Sorted(maps.Keys(op.Responses)), " "); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
		for status, response := range op.Responses {
			if status >= "400" && response.Content[web.ProblemType] == nil {
				t.Errorf("%s: %s is not described as a problem", path, status)
			}
		}
	}
}

func register(api huma.API, op huma.Operation) {
	huma.Register(api, op, func(context.Context, *struct{}) (*output, error) { return &output{}, nil })
}

// A body of a media type other than JSON is refused because of its type.
func TestAPI_refusesOtherMediaTypes(t *testing.T) {
	server := newServer(io.Discard, func(string) error { return nil })
	for _, media := range []string{
		"application/yaml", "application/x+json", "application/json; charset=utf-16", "application/json; charset", "text/json",
	} {
		answer := ask(server, "POST", "/things", strings.NewReader(`{"name":"a","count":1}`), "Content-Type", media)
		if answer.Code != 415 || problemOf(t, answer).Kind != errs.UnsupportedMedia {
			t.Errorf("%s: got %d %s", media, answer.Code, answer.Body)
		}
	}
}

// Media types are the same in upper and lower case.
func TestAPI_takesEachSpellingOfJSON(t *testing.T) {
	server := newServer(io.Discard, func(string) error { return nil })
	for _, media := range []string{"application/json", "APPLICATION/JSON", `Application/Json;Charset="UTF-8"`, "application/json; v=1"} {
		if answer := ask(server, "POST", "/things", strings.NewReader(`{"name":"a","count":1}`), "Content-Type", media); answer.Code != 200 {
			t.Errorf("%s: got %d %s", media, answer.Code, answer.Body)
		}
	}
}
