package web_test

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/rs/zerolog"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// newBasket serves POST /baskets, which takes a list of numbers, and POST /texts, which takes a long text.
func newBasket() http.Handler {
	router := web.NewRouter()
	api := web.NewAPI(router, "Baskets", "")
	huma.Register(api, huma.Operation{OperationID: "fill", Method: http.MethodPost, Path: "/baskets"},
		func(context.Context, *struct {
			Body struct {
				Items []struct{ ID string } `json:"items" maxItems:"100"`
				Note  string                `json:"note,omitempty"`
			}
		}) (*struct{}, error) {
			return nil, nil
		})
	huma.Register(api, huma.Operation{OperationID: "write", Method: http.MethodPost, Path: "/texts", MaxBodyBytes: 64 << 10},
		func(context.Context, *struct{ Body struct{ Text string } }) (*struct{}, error) { return nil, nil })
	return web.Wrap(router, zerolog.Nop())
}

func TestAPI_readsNumbersAndNullAsJSONSchemaDoes(t *testing.T) {
	handler := newServer(io.Discard, func(string) error { return nil })
	for body, want := range map[string]int{
		`{"name":"a","count":2.0}`: 200, `{"name":"a","count":2e0}`: 200, `{"name":"a","count":20e-1}`: 200,
		`{"name":"a","count":2.5}`: 422, `{"name":"a","count":null}`: 422, `{"name":null,"count":2}`: 422, `null`: 422,
	} {
		if got := ask(handler, "POST", "/things", strings.NewReader(body)); got.Code != want {
			t.Errorf("%s: got %d %s, want %d", body, got.Code, got.Body, want)
		}
	}
	p := problemOf(t, ask(newBasket(), "POST", "/baskets", strings.NewReader(`{"items":[],"note":null}`)))
	if p.Kind != errs.Invalid || p.Errors[0].Name != "note" {
		t.Errorf("null for a field that may be absent: got %+v", p)
	}
}

// Of a name that comes twice, each reader may take another value.
func TestAPI_refusesRepeatedNames(t *testing.T) {
	handler := newBasket()
	for body, want := range map[string]int{
		`{"items":[],"note":"a","note":"b"}`:      400,
		`{"items":[],"note":"a","no\u0074e":"b"}`: 400,
		`{"items":[{"ID":"1"},{"ID":"1"}]}`:       204,
		`{"items":[{"ID":"1","ID":"2"}]}`:         400,
	} {
		got := ask(handler, "POST", "/baskets", strings.NewReader(body))
		if got.Code != want || want == 400 && !strings.Contains(got.Body.String(), "twice") {
			t.Errorf("%s: got %d %s", body, got.Code, got.Body)
		}
	}
}

func TestAPI_limitsBodiesByOperation(t *testing.T) {
	handler := newBasket()
	for path, most := range map[string]int{"/baskets": web.DefaultBody, "/texts": 64 << 10} {
		for size, want := range map[int]int{most - 1: 422, most: 413} {
			body := `{"x":"` + strings.Repeat("x", size-8) + `"}`
			if got := ask(handler, "POST", path, strings.NewReader(body)); got.Code != want {
				t.Errorf("%s with %d bytes: got %d %s, want %d", path, len(body), got.Code, got.Body, want)
			}
		}
	}
}

// The largest bodies full of mistakes, and what they may cost: they are refused before all mistakes are collected.
func TestAPI_endsAfterTheFirstFewMistakes(t *testing.T) {
	handler := newBasket()
	for name, body := range map[string]string{
		"250 KB": `{"items":[0` + strings.Repeat(",0", 125_000) + `]}`,
		"16 KB":  `{"items":[0` + strings.Repeat(",0", 8_000) + `]}`,
		"names":  `{"items":[]` + strings.Repeat(`,"n":0`, 2_500) + `}`,
		"depth":  strings.Repeat("[", 8_000) + strings.Repeat("]", 8_000),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		answer := ask(handler, "POST", "/baskets", strings.NewReader(body))
		runtime.ReadMemStats(&after)
		cost := after.TotalAlloc - before.TotalAlloc
		if answer.Code < 400 || answer.Code >= 500 || answer.Body.Len() > 8<<10 || cost > 2<<20 {
			t.Errorf("%s: got %d with %d bytes, for %d KB of memory", name, answer.Code, answer.Body.Len(), cost>>10)
		}
	}
}

func TestProblem_saysLittleOfWhatStrangersSend(t *testing.T) {
	long := strings.Repeat("ä", 7_000)
	answer := ask(newBasket(), "POST", "/baskets", strings.NewReader(`{"items":[],"`+long+`":1}`))
	if p := problemOf(t, answer); answer.Code != 422 || answer.Body.Len() > 2_000 || !strings.HasPrefix(p.Errors[0].Name, "ää") {
		t.Errorf("got %d with %d bytes: %.300s", answer.Code, answer.Body.Len(), answer.Body)
	}
}

// huma reads the first of two values, nothing for an empty one, and what it can of a query that cannot be decoded.
func TestAPI_refusesQueriesThatWouldBeReadInPart(t *testing.T) {
	handler := newLists()
	for query, want := range map[string]errs.Kind{
		"limit=2&limit=3": errs.Invalid, "limit=": errs.Invalid, "status=": errs.Invalid, "cursor=": "",
		"limit=2;cursor=x": errs.Malformed, "cursor=%zz": errs.Malformed, "cursor=%ff": errs.Malformed, "cursor=a%20b": errs.Invalid,
	} {
		answer := ask(handler, "GET", "/lists?"+query, nil)
		if want == "" && answer.Code == 200 {
			continue
		}
		if p := problemOf(t, answer); p.Kind != want {
			t.Errorf("%s: got %d %s, want %s", query, answer.Code, answer.Body, want)
		}
	}
}
