package main

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/singleflight"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/pkg/sidecar"
)

const (
	// keyHeader carries the API key.
	keyHeader = "X-Api-Key"
	// verifyKeyPath is where auth says whether a key is valid, to us and to those who have one.
	verifyKeyPath = "/api/v1/auth/verify/apikey"
	// maxKey is the longest key that is looked up, in bytes. Ours have about 40.
	maxKey = 200
	// keyTimeout bounds the question to auth: a person is told within three seconds that it is down.
	keyTimeout = 2 * time.Second
)

// keyCheck lets requests with a valid API key through. Auth decides; its answers are remembered for a few seconds, and
// of several requests with a key that is not remembered, one asks.
type keyCheck struct {
	ask    func(ctx context.Context, key string) error
	flight singleflight.Group
	// Apart, so that a flood of made-up keys cannot push out the good ones.
	accepted, refused *verdicts
}

func newKeyCheck(ask func(ctx context.Context, key string) error) *keyCheck {
	return &keyCheck{ask: ask, accepted: newVerdicts(), refused: newVerdicts()}
}

// require lets a request through to next if its API key is valid.
func (k *keyCheck) require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := k.verify(r.Context(), r.Header.Get(keyHeader)); err != nil {
			web.WriteError(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// verify returns nil for a valid key, errs.Unauthenticated without one, errs.Forbidden for an unknown one, and
// errs.Unavailable when auth cannot be asked.
func (k *keyCheck) verify(ctx context.Context, key string) error {
	switch {
	case key == "":
		return errs.New(errs.Unauthenticated, "the header x-api-key is missing")
	case len(key) > maxKey:
		return errs.New(errs.Forbidden, "this API key is not valid")
	}
	id := keyID(sha256.Sum256([]byte(key)))
	now := time.Now()
	if known, _ := k.accepted.get(id, now); known {
		return nil
	}
	if known, err := k.refused.get(id, now); known {
		return err
	}
	answer := k.flight.DoChan(string(id[:]), func() (any, error) { return nil, k.lookUp(ctx, id, key) })
	select {
	case result := <-answer:
		return result.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lookUp asks auth, for everybody who waits for the answer: the end of the first request does not end it.
func (k *keyCheck) lookUp(ctx context.Context, id keyID, key string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keyTimeout)
	defer cancel()
	asked := time.Now()
	err := k.ask(ctx, key)
	switch {
	case err == nil:
		k.accepted.put(id, nil, asked)
		return nil
	case errs.Is(err, errs.Forbidden), errs.Is(err, errs.Unauthenticated):
		k.refused.put(id, err, asked)
		return err
	default:
		return errs.Wrap(errs.Unavailable, err, "API keys cannot be verified right now")
	}
}

// askAuth returns the question whether a key is valid, as it is put to auth.
func askAuth(transport http.RoundTripper) func(ctx context.Context, key string) error {
	return func(ctx context.Context, key string) error {
		ctx = sidecar.Target(ctx, authApp)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, verifyKeyPath, nil)
		if err != nil {
			return err
		}
		request.Header.Set(keyHeader, key)
		answer, err := transport.RoundTrip(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		raw, err := io.ReadAll(io.LimitReader(answer.Body, maxForeignError))
		if err != nil || answer.StatusCode == http.StatusOK {
			return err
		}
		return web.ReadError(answer.StatusCode, answer.Header.Get("Content-Type"), raw)
	}
}
