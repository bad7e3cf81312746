package api

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
)

// transport answers requests by a handler.
type transport http.HandlerFunc

// RoundTrip implements http.RoundTripper.
func (h transport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	h(answer, r)
	return answer.Result(), nil
}

func TestCall_isOnBehalfOfItsCaller(t *testing.T) {
	var got *http.Request
	var body []byte
	client := New(transport(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body = must.Get(io.ReadAll(r.Body))(t)
		_, _ = io.WriteString(w, `{"items":[{"id":"1","price":{"amount":5,"currency":"EUR"},"extra":true}],"next":"n"}`)
	}))
	ctx := As(t.Context(), Caller{Token: "t", Address: "203.0.113.7", UserAgent: "Browser"})
	list := must.Get(client.Products(ctx, "a&b", "", "5"))(t)
	if len(list.Items) != 1 || list.Items[0].Price != (Money{5, "EUR"}) || list.Next != "n" {
		t.Errorf("got %+v", list)
	}
	if got.URL.Path != "/api/v1/products/search" || got.URL.RawQuery != "limit=5&q=a%26b" || got.Header.Get("Authorization") != "Bearer t" ||
		got.Header.Get("X-Forwarded-For") != "203.0.113.7" || got.Header.Get("User-Agent") != "Browser" || len(body) > 0 {
		t.Errorf("got %s %v %s", got.URL, got.Header, body)
	}
	must.Get(client.Product(t.Context(), "../x?y"))(t)
	if got.URL.EscapedPath() != "/api/v1/products/..%2Fx%3Fy" || got.URL.RawQuery != "" || got.Header.Get("Authorization") != "" {
		t.Errorf("a guest: got %s %v", got.URL, got.Header)
	}
}

// An id that somebody has made up must not lead to another operation.
func TestCall_hasNoPathWithoutAnID(t *testing.T) {
	client := New(transport(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s %s was asked", r.Method, r.URL) }))
	for _, id := range []string{"", ".", ".."} {
		if err := client.EndSession(t.Context(), id); !errs.Is(err, errs.NotFound) {
			t.Errorf("%q: got %v", id, err)
		}
	}
}

func TestCall_returnsWhatWentWrong(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   errs.Kind
	}{
		"refused":   {func(w http.ResponseWriter, r *http.Request) { web.WriteError(w, r, errs.InvalidField("id", "is odd")) }, errs.Invalid},
		"nonsense":  {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, errs.Internal},
		"a sidecar": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, errs.Unavailable},
	} {
		if _, err := New(transport(tt.answer)).Product(t.Context(), "1"); errs.KindOf(err) != tt.want {
			t.Errorf("%s: got %v", name, err)
		}
	}
	moved := New(transport(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/api/v1/blog/slug/gr%C3%BCn")
		w.WriteHeader(http.StatusMovedPermanently)
	}))
	_, err := moved.PostBySlug(t.Context(), "green")
	if to, ok := errors.AsType[*Moved](err); !ok || to.To != "grün" {
		t.Errorf("moved: got %v", err)
	}
}

func TestStream_yieldsEachEvent(t *testing.T) {
	const events = ": a comment\n\nevent: order\nid: pending\ndata: {\"id\":\"1\",\"status\":\"pending\"}\n\nevent: order\ndata: {\"status\":\"confirmed\"}\n\n"
	client := New(transport(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") != streamAccept {
			web.WriteError(w, r, errs.New(errs.NotFound, "there is no such order"))
			return
		}
		_, _ = io.WriteString(w, events)
	}))
	var got []string
	for order, err := range client.WatchOrder(t.Context(), "1") {
		must.Do(t, err)
		got = append(got, order.Status)
	}
	if !slices.Equal(got, []string{"pending", "confirmed"}) {
		t.Errorf("got %v", got)
	}
	refused := New(transport(func(w http.ResponseWriter, r *http.Request) { web.WriteError(w, r, errs.New(errs.NotFound, "none")) }))
	for _, err := range refused.WatchOrder(t.Context(), "1") {
		if !errs.Is(err, errs.NotFound) {
			t.Errorf("got %v", err)
		}
	}
}
