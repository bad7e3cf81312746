package handlers_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
)

const path = "/api/v1/blog/items"

type item struct{ ID, Name string }

// create sends the request that adds an item, with an Idempotency-Key unless that is "".
func (w *world) create(t *testing.T, token, key, body string) *webtest.Answer {
	t.Helper()
	header := http.Header{}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	return w.Do(t, webtest.Request{Method: http.MethodPost, Path: path, Token: token, Body: body, Header: header})
}

// list returns the names of a caller's items on all pages.
func (w *world) list(t *testing.T, token string) []string {
	t.Helper()
	var names []string
	for cursor := ""; ; {
		page := webtest.Read[web.Listing[item]](w.Do(t, webtest.Request{Path: path + "?limit=2&cursor=" + cursor, Token: token}), http.StatusOK)
		for _, i := range page.Items {
			names = append(names, i.Name)
		}
		if cursor = page.Next; cursor == "" {
			return names
		}
	}
}

func TestItems_areTheirOwnersAlone(t *testing.T) {
	w := newWorld(t)
	for n := range 3 {
		w.create(t, "alice", "", fmt.Sprintf(`{"name":"item %d"}`, n)).Expect(http.StatusCreated)
	}
	answer := w.create(t, "alice", "", `{"name":"item 3"}`)
	created := webtest.Read[item](answer, http.StatusCreated)
	one := webtest.Request{Path: answer.Header().Get("Location"), Token: "alice"}
	if got := webtest.Read[item](w.Do(t, one), http.StatusOK); got != created || got.Name != "item 3" {
		t.Errorf("got %+v, created was %+v", got, created)
	}
	if got := w.list(t, "alice"); !slices.Equal(got, []string{"item 3", "item 2", "item 1", "item 0"}) {
		t.Errorf("got %v, want the newest first", got)
	}
	if types := w.bus.Types(); len(types) != 4 || types[0] != "blog-item.created.v1" {
		t.Errorf("published %v", types)
	}
	one.Token = "bob"
	w.Do(t, one).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
	if got := w.list(t, "bob"); len(got) != 0 {
		t.Errorf("bob has %v", got)
	}
}

func TestItems_refuseBadRequests(t *testing.T) {
	w := newWorld(t)
	for name, tt := range map[string]struct{ token, body, field string }{
		"a blank name":  {"alice", `{"name":"  "}`, "name"},
		"no name":       {"alice", `{}`, "name"},
		"a long name":   {"alice", `{"name":"` + strings.Repeat("a", 201) + `"}`, "name"},
		"another field": {"alice", `{"name":"a","ownerId":"` + bobID + `"}`, "ownerId"},
	} {
		t.Run(name, func(t *testing.T) {
			w.create(t, tt.token, "", tt.body).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, tt.field)
		})
	}
	w.create(t, "", "", `{"name":"a"}`).ExpectProblem(http.StatusUnauthorized, errs.Unauthenticated, "")
	w.Do(t, webtest.Request{Path: path + "?cursor=x", Token: "alice"}).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "cursor")
	w.Do(t, webtest.Request{Path: path + "/x", Token: "alice"}).ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "id")
	w.Do(t, webtest.Request{Path: path + "/" + bobID, Token: "alice"}).ExpectProblem(http.StatusNotFound, errs.NotFound, "")
}

// A request whose event the broker did not take is sent again with its key: the item is there once, and its event is out.
func TestItems_canBeRequestedAgain(t *testing.T) {
	w := newWorld(t)
	w.bus.Before = func(string) error { return errors.New("down") }
	w.create(t, "alice", "k-1", `{"name":"a"}`).ExpectProblem(http.StatusServiceUnavailable, errs.Unavailable, "")
	w.bus.Before = nil
	first := webtest.Read[item](w.create(t, "alice", "k-1", `{"name":"a"}`), http.StatusCreated)
	if again := webtest.Read[item](w.create(t, "alice", "k-1", `{"name":"a"}`), http.StatusCreated); again != first {
		t.Errorf("got %+v, then %+v", first, again)
	}
	w.create(t, "alice", "k-1", `{"name":"b"}`).ExpectProblem(http.StatusUnprocessableEntity, errs.KeyReused, "")
	if names := w.list(t, "alice"); !slices.Equal(names, []string{"a"}) {
		t.Errorf("the list is %v", names)
	}
	if published := w.bus.Events(); len(published) != 2 || published[0].ID != published[1].ID || published[0].Subject != first.ID {
		t.Errorf("published %+v", published)
	}
}
