package apikey

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
)

func TestAt_takesOnlyAnswersOfAuth(t *testing.T) {
	const unclear = errs.Internal // not classified: the checker makes an outage of it
	for name, tt := range map[string]struct {
		status            int
		contentType, body string
		want              errs.Kind
	}{
		"valid":                 {200, "application/json", `{"keyId":"1","permissions":["shop:read"]}`, ""},
		"unknown":               {403, web.ProblemType, `{"kind":"forbidden","detail":"unknown"}`, errs.Forbidden},
		"without a key":         {401, web.ProblemType, `{"kind":"unauthenticated"}`, errs.Unauthenticated},
		"auth unreachable":      {500, "text/plain", "refused", unclear},
		"auth's store is away":  {503, web.ProblemType, `{"kind":"unavailable"}`, unclear},
		"a sidecar's 403":       {403, "application/json", `{"errorCode":"ERR_DIRECT_INVOKE"}`, unclear},
		"another operation":     {404, web.ProblemType, `{"kind":"not_found"}`, unclear},
		"an answer without id":  {200, "application/json", `{}`, unclear},
		"an answer of nonsense": {200, "text/html", `<html>`, unclear},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("X-Api-Key") != "k" {
					t.Errorf("the key is missing: %v", r.Header)
				}
				w.Header().Set("Content-Type", tt.contentType)
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			defer server.Close()
			grant, err := At(server.Client().Do, server.URL)(t.Context(), "k")
			if got := errs.KindOf(err); got != tt.want || (err == nil) != (grant.KeyID == "1") {
				t.Errorf("got %v, %v; want %q", grant, err, tt.want)
			}
		})
	}
}

func TestFailOver_asksTheNextReplica(t *testing.T) {
	const patience = time.Second
	down := errors.New("connection refused")
	synctest.Test(t, func(t *testing.T) {
		replicas := []*auth{{err: down}, {takes: time.Hour}, {}}
		var asks []Ask
		for _, a := range replicas {
			asks = append(asks, a.ask)
		}
		ask, began := FailOver(patience, asks...), time.Now()
		for range 3 {
			must.Get(ask(t.Context(), "k"))(t)
		}
		if took := time.Since(began); took != patience {
			t.Errorf("an outage must cost its wait once, took %s", took)
		}
		if replicas[0].asked != 1 || replicas[2].asked != 3 {
			t.Errorf("got %d and %d questions", replicas[0].asked, replicas[2].asked)
		}
		replicas[2].err = errs.New(errs.Forbidden, "unknown")
		if _, err := ask(t.Context(), "k"); !errs.Is(err, errs.Forbidden) || replicas[0].asked != 1 {
			t.Errorf("a refusal is an answer: got %v", err)
		}
		replicas[2].err = down
		if _, err := ask(t.Context(), "k"); !errors.Is(err, down) || isRefusal(err) {
			t.Errorf("all down: got %v", err)
		}
	})
}

// The caller has gone, so the next replica is not asked.
func TestFailOver_endsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var asked []string
	replica := func(name string) Ask {
		return func(context.Context, string) (Grant, error) {
			asked = append(asked, name)
			cancel()
			return Grant{}, errors.New("down")
		}
	}
	_, err := FailOver(time.Second, replica("a"), replica("b"))(ctx, "k")
	if err == nil || !slices.Equal(asked, []string{"a"}) || !strings.Contains(err.Error(), "down") {
		t.Errorf("asked %v, got %v", asked, err)
	}
}
