package handlers_test

import (
	"fmt"
	"net/http"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

func TestAdjustments_areListedNewestFirst(t *testing.T) {
	f := newFront()
	id := f.add(t, "A", "10").ID
	path := "/products/" + id + "/stock"
	list := request{method: "GET", path: path, as: "staff"}
	if got := f.must(t, list, http.StatusOK); len(got.Items) != 0 || got.Next != "" {
		t.Errorf("at first: got %+v", got)
	}
	for _, change := range []string{`{"change":5,"reason":"delivered"}`, `{"change":-3}`, `{"change":-13}`, `{"change":1}`} {
		f.do(t, request{method: "POST", path: path, as: "staff", body: change}) // one of them is refused
	}
	list.path = path + "?limit=2"
	first := f.must(t, list, http.StatusOK)
	list.path += "&cursor=" + first.Next
	rest := f.must(t, list, http.StatusOK)
	var got string
	for _, a := range append(first.Items, rest.Items...) {
		got += fmt.Sprintf("%+d=%d %s %s;", a.Change, a.Stock, a.Reason, a.By)
	}
	staff := callers["staff"].ID
	if want := fmt.Sprintf("+1=13  %[1]s;-3=12  %[1]s;+5=15 delivered %[1]s;", staff); got != want || rest.Next != "" {
		t.Errorf("got %s, want %s", got, want)
	}
	f.do(t, request{method: "GET", path: path, as: "alice"}).ExpectProblem(http.StatusForbidden, errs.Forbidden, "")
	f.do(t, request{method: "GET", path: "/products/" + ids.New() + "/stock", as: "staff"}).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
}
