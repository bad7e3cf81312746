package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
	"stoa/pkg/observability"
)

// Requests have a trace only where telemetry is set up.
func TestMain(m *testing.M) {
	telemetry, err := observability.Start(context.Background(), "web-test", "info", io.Discard)
	if err != nil {
		panic(err)
	}
	code := m.Run()
	_ = telemetry.Shutdown(context.Background())
	os.Exit(code)
}

type input struct {
	Body struct {
		Name  string `json:"name" minLength:"1"`
		Count int    `json:"count" minimum:"1" maximum:"10"`
	}
}

type output struct{ Body map[string]string }

// newServer serves POST /things, whose handler returns what fail says, and GET /things/{id}.
func newServer(log io.Writer, fail func(name string) error) http.Handler {
	router := web.NewRouter()
	api := web.NewAPI(router, "Things", "For tests.")
	huma.Register(api, huma.Operation{OperationID: "make", Method: http.MethodPost, Path: "/things"},
		func(_ context.Context, in *input) (*output, error) {
			if err := fail(in.Body.Name); err != nil {
				return nil, err
			}
			return &output{Body: map[string]string{"name": in.Body.Name}}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "read", Method: http.MethodGet, Path: "/things/{id}"},
		func(context.Context, *struct {
			ID    string `path:"id" maxLength:"3"`
			Limit int    `query:"limit" minimum:"1"`
		}) (*output, error) {
			return &output{}, nil
		})
	return web.Wrap(router, zerolog.New(log))
}

// ask sends a request. header is empty, or the name of a header and its values.
func ask(handler http.Handler, method, path string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, body)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if len(header) > 0 {
		request.Header[header[0]] = header[1:]
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

func problemOf(t *testing.T, answer *httptest.ResponseRecorder) web.Problem {
	t.Helper()
	if media := answer.Header().Get("Content-Type"); media != "application/problem+json" {
		t.Errorf("the media type is %q", media)
	}
	var p web.Problem
	must.Do(t, json.Unmarshal(answer.Body.Bytes(), &p))
	if p.Status != answer.Code || p.Detail == "" || p.TraceID == "" {
		t.Errorf("incomplete: %s", answer.Body)
	}
	return p
}

func TestAPI_answersBadRequestsWithProblems(t *testing.T) {
	handler := newServer(io.Discard, func(string) error { return nil })
	big := `{"name":"` + strings.Repeat("x", web.MaxBody) + `","count":1}`
	tests := map[string]struct {
		method, path, body string
		status             int
		kind               errs.Kind
		field              string
	}{
		"too small":        {"POST", "/things", `{"name":"a","count":0}`, 422, errs.Invalid, "count"},
		"wrong type":       {"POST", "/things", `{"name":1,"count":1}`, 422, errs.Invalid, "name"},
		"missing":          {"POST", "/things", `{"name":"a"}`, 422, errs.Invalid, "count"},
		"unknown":          {"POST", "/things", `{"name":"a","count":1,"x":1}`, 422, errs.Invalid, "x"},
		"another case":     {"POST", "/things", `{"name":"a","count":1,"COUNT":2}`, 422, errs.Invalid, "COUNT"},
		"beyond numbers":   {"POST", "/things", `{"name":"a","count":1e999}`, 400, errs.Malformed, "body"},
		"broken":           {"POST", "/things", `{`, 400, errs.Malformed, "body"},
		"bad UTF-8":        {"POST", "/things", "{\"name\":\"\xff\",\"count\":1}", 400, errs.Malformed, "body"},
		"no body":          {"POST", "/things", "", 400, errs.Malformed, ""},
		"too large":        {"POST", "/things", big, 413, errs.TooLarge, ""},
		"path":             {"GET", "/things/long", "", 422, errs.Invalid, "id"},
		"query":            {"GET", "/things/a?limit=0", "", 422, errs.Invalid, "limit"},
		"query no number":  {"GET", "/things/a?limit=x", "", 422, errs.Invalid, "limit"},
		"unknown query":    {"GET", "/things/a?x=1", "", 422, errs.Invalid, "x"},
		"no such path":     {"GET", "/nothing", "", 404, errs.NotFound, ""},
		"method not known": {"DELETE", "/things", "", 405, errs.MethodNotAllowed, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			answer := ask(handler, tt.method, tt.path, strings.NewReader(tt.body))
			p := problemOf(t, answer)
			if answer.Code != tt.status || p.Kind != tt.kind {
				t.Errorf("got %d %s, want %d %s", answer.Code, answer.Body, tt.status, tt.kind)
			}
			if strings.Contains(p.Detail, "Go ") || strings.Contains(p.Detail, "json:") {
				t.Errorf("the detail shows internals: %s", p.Detail)
			}
			if tt.field != "" && (len(p.Errors) == 0 || p.Errors[0].Name != tt.field) {
				t.Errorf("got %+v, want the field %q", p.Errors, tt.field)
			}
		})
	}
	if got := ask(handler, "DELETE", "/things/1", nil).Header().Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow: got %q", got)
	}
	if got := ask(handler, "DELETE", "/things", nil).Header().Get("Allow"); got != "POST" {
		t.Errorf("Allow is %q", got)
	}
}

func TestAPI_namesTheFirstOfThousandsOfMistakes(t *testing.T) {
	var body strings.Builder
	for i := range 900 {
		fmt.Fprintf(&body, `,"n%d":0`, i)
	}
	handler := newServer(io.Discard, func(string) error { return nil })
	answer := ask(handler, "POST", "/things", strings.NewReader("{"+body.String()[1:]+"}"))
	if p := problemOf(t, answer); p.Status != 422 || len(p.Errors) != 20 {
		t.Errorf("got %d with %d places in %d bytes", p.Status, len(p.Errors), answer.Body.Len())
	}
}

// A body without a Content-Length has the same limit.
func TestAPI_limitsChunkedBodies(t *testing.T) {
	handler := newServer(io.Discard, func(string) error { return nil })
	body := io.MultiReader(strings.NewReader(`{"name":"`), bytes.NewReader(make([]byte, 2*web.MaxBody)))
	answer := ask(handler, "POST", "/things", body)
	if p := problemOf(t, answer); p.Kind != errs.TooLarge {
		t.Errorf("got %s", answer.Body)
	}
}

func TestAPI_answersErrorsOfHandlersWithProblems(t *testing.T) {
	var log bytes.Buffer
	handler := newServer(&log, func(name string) error {
		switch name {
		case "conflict":
			return errs.New(errs.Conflict, "this name is taken")
		case "outage":
			return errs.Wrap(errs.Unavailable, errors.New("dial tcp"), "the store does not answer")
		case "panic":
			panic("index out of range")
		default:
			return errors.New("password=hunter2")
		}
	})
	for name, want := range map[string]int{"conflict": 409, "outage": 503, "panic": 500, "defect": 500} {
		log.Reset()
		answer := ask(handler, "POST", "/things", strings.NewReader(`{"name":"`+name+`","count":1}`))
		problemOf(t, answer)
		if answer.Code != want {
			t.Errorf("%s: got %d %s", name, answer.Code, answer.Body)
		}
		for _, secret := range []string{"hunter2", "dial tcp", "index out of range", "goroutine"} {
			if strings.Contains(answer.Body.String(), secret) {
				t.Errorf("%s: %q is in the answer", name, secret)
			}
		}
		level := map[int]string{500: `"level":"error"`}[want]
		if !strings.Contains(log.String(), level) || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("%s: want one line at its level, got %s", name, log.String())
		}
	}
	answer := ask(handler, "POST", "/things", strings.NewReader(`{"name":"outage","count":1}`))
	if answer.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After is %q", answer.Header().Get("Retry-After"))
	}
}

func TestReadError_rebuildsWhatWriteErrorSent(t *testing.T) {
	for _, sent := range []*errs.Error{
		errs.New(errs.NotFound, "there is no such order"),
		{Kind: errs.Invalid, Message: "is negative", Fields: []errs.Field{{Name: "items[0].quantity", Problem: "is negative"}}},
		{Kind: errs.Unavailable, Message: "come back later", RetryAfter: 7 * time.Second},
		{Kind: errs.RateLimited, Message: "too many", RetryAfter: time.Hour},
	} {
		answer := httptest.NewRecorder()
		web.WriteError(answer, httptest.NewRequest("GET", "/", nil), sent)
		got := web.ReadError(answer.Code, answer.Header(), answer.Body.Bytes())
		if !reflect.DeepEqual(got, error(sent)) {
			t.Errorf("got %+v, want %+v", got, sent)
		}
	}
	err := web.ReadError(500, http.Header{"Content-Type": {"application/json"}}, []byte(`{"errorCode":"ERR_DIRECT_INVOKE"}`))
	if !errs.Is(err, errs.Unavailable) {
		t.Errorf("an error of the sidecar: got %v", err)
	}
}

func TestWrap_answersHeadLikeGetWithoutABody(t *testing.T) {
	server := httptest.NewServer(newServer(io.Discard, nil))
	defer server.Close()
	head := must.Get(http.Head(server.URL + "/things/1"))(t)
	defer head.Body.Close()
	get := must.Get(http.Get(server.URL + "/things/1"))(t)
	defer get.Body.Close()
	if head.StatusCode != http.StatusOK || head.ContentLength != get.ContentLength || head.ContentLength <= 0 {
		t.Errorf("HEAD: %d with length %d; GET: %d with length %d", head.StatusCode, head.ContentLength, get.StatusCode, get.ContentLength)
	}
	stream := ask(newServer(io.Discard, nil), http.MethodHead, "/things/1", nil, "Accept", "text/event-stream")
	if stream.Code != http.StatusMethodNotAllowed {
		t.Errorf("a stream: got %d", stream.Code)
	}
}

func TestRequireAppToken(t *testing.T) {
	handler := web.RequireAppToken("secret", newServer(io.Discard, func(string) error { return nil }))
	for token, want := range map[string]int{"": 401, "wrong": 401, "secret": 200} {
		if got := ask(handler, "GET", "/things/a?limit=1", nil, "Dapr-Api-Token", token).Code; got != want {
			t.Errorf("token %q: got %d, want %d", token, got, want)
		}
	}
}

func TestWrap_keepsHarmlessRequestIDs(t *testing.T) {
	handler := newServer(io.Discard, func(string) error { return nil })
	for given, kept := range map[string]bool{"abc-123": true, "": false, "a\nb": false, strings.Repeat("a", 65): false} {
		answer := ask(handler, "GET", "/things/a?limit=1", nil, "X-Request-Id", given)
		if got := answer.Header().Get("X-Request-Id"); got == "" || (got == given) != kept {
			t.Errorf("%q became %q", given, got)
		}
	}
}
