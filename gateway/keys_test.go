package main

import (
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// auth answers questions about keys, and counts them.
type auth struct {
	mu    sync.Mutex
	err   error
	asked int
	takes time.Duration
}

func (a *auth) ask(ctx context.Context, _ string) error {
	select {
	case <-time.After(a.takes):
	case <-ctx.Done():
		return ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	return a.err
}

func TestVerdictsHoldForFiveSeconds(t *testing.T) {
	for name, verdict := range map[string]error{
		"accepted": nil,
		"refused":  errs.New(errs.Forbidden, "unknown"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				auth := &auth{err: verdict}
				keys := newKeyCheck(auth.ask)
				want := errs.KindOf(verdict)
				for range 2 {
					if got := errs.KindOf(keys.verify(t.Context(), "k")); got != want {
						t.Fatalf("got %q, want %q", got, want)
					}
				}
				auth.err = errors.New("connection refused")
				time.Sleep(verdictAge - time.Nanosecond)
				if got := errs.KindOf(keys.verify(t.Context(), "k")); got != want || auth.asked != 1 {
					t.Errorf("while it holds: got %q after %d questions", got, auth.asked)
				}
				time.Sleep(time.Nanosecond)
				if err := keys.verify(t.Context(), "k"); !errs.Is(err, errs.Unavailable) {
					t.Errorf("once it is old, and auth is down: got %v, want unavailable", err)
				}
				auth.err = nil
				if err := keys.verify(t.Context(), "k"); err != nil {
					t.Errorf("an outage must not be remembered: %v", err)
				}
			})
		})
	}
}

func TestOneRequestAsksForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		auth := &auth{takes: time.Second}
		keys := newKeyCheck(auth.ask)
		hurried, giveUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if err := keys.verify(hurried, "k"); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want its own end", err)
			}
		})
		synctest.Wait()
		for range 20 {
			all.Go(func() {
				if err := keys.verify(t.Context(), "k"); err != nil {
					t.Errorf("the end of the first request must not end the others: %v", err)
				}
			})
		}
		synctest.Wait()
		giveUp()
		all.Wait()
		if auth.asked != 1 {
			t.Errorf("asked %d times, want once", auth.asked)
		}
	})
}

func TestASlowAuthIsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys, began := newKeyCheck((&auth{takes: time.Hour}).ask), time.Now()
		if err := keys.verify(t.Context(), "k"); !errs.Is(err, errs.Unavailable) {
			t.Errorf("got %v, want unavailable", err)
		}
		if took := time.Since(began); took > keyTimeout {
			t.Errorf("took %s", took)
		}
	})
}

func TestVerdictsAreBounded(t *testing.T) {
	v, now := newVerdicts(), time.Now()
	for n := range 2*maxVerdicts + 1 {
		var id keyID
		binary.BigEndian.PutUint32(id[:], uint32(n))
		v.put(id, nil, now)
		if known, _ := v.get(id, now); !known {
			t.Fatalf("the latest of %d must be known", n)
		}
	}
	if len(v.byKey) > maxVerdicts {
		t.Errorf("%d are kept", len(v.byKey))
	}
}

func TestAskAuthKeepsTheKind(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		want   errs.Kind
	}{
		"valid":            {http.StatusOK, `{"keyId":"1"}`, ""},
		"unknown":          {http.StatusForbidden, `{"kind":"forbidden","detail":"unknown"}`, errs.Forbidden},
		"auth unreachable": {http.StatusInternalServerError, ``, errs.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := askAuth(roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.Header.Get(keyHeader) != "k" {
					t.Errorf("the key is missing: %v", r.Header)
				}
				return response(tt.status, tt.body), nil
			}))
			if got := errs.KindOf(gateway(t.Context(), "k")); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func response(status int, body string) *http.Response {
	contentType := "application/json"
	if status == http.StatusForbidden {
		contentType = web.ProblemType
	}
	recorder := httptest.NewRecorder()
	recorder.Header().Set("Content-Type", contentType)
	recorder.WriteHeader(status)
	_, _ = recorder.WriteString(body)
	return recorder.Result()
}
