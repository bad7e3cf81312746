package main

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"stoa/gateway/declaration"
	"stoa/gateway/edge/apikey"
	"stoa/gateway/edge/limit"
	"stoa/gateway/edge/request"
	"stoa/pkg/common/web"
	"stoa/pkg/sidecar"
)

// authApp is the app that knows the API keys.
const authApp = "auth"

// keyTimeout bounds the question to auth: a person is told within three seconds that it is down.
const keyTimeout = 2 * time.Second

// keyCheck is the plugin stoa-api-key. What is remembered of keys, and counted, serves all routes.
type keyCheck struct {
	checker *apikey.Checker
	limiter *limit.Limiter
	limited func() bool
}

// require lets a request through to next if its API key is valid, is within its limit, and allows what the route needs.
func (k *keyCheck) require(config *declaration.APIKey, next http.Handler) http.Handler {
	if config.Anonymous {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller := callerOf(r)
		grant, err := k.checker.Verify(r.Context(), caller.address, r.Header.Get(request.KeyHeader))
		if err == nil && config.LimitPerMinute > 0 && k.limited() {
			verdict := k.limiter.Take(grant.KeyID, limit.Rate{Period: time.Minute, Max: int64(config.LimitPerMinute)})
			caller.report(w, verdict)
			err = verdict.Err("too many requests with this API key; come back later")
		}
		if err == nil {
			err = grant.Allows(config.Permission, r.Method)
		}
		if err != nil {
			web.WriteError(w, r, err)
			return
		}
		if web.IsStream(r) {
			ctx, end := context.WithCancel(r.Context())
			defer end()
			go k.endWithKey(ctx, end, caller.address, r.Header.Get(request.KeyHeader))
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}

// endWithKey ends a stream once the key that it was asked for with is revoked: otherwise it would outlive that by as long as
// it likes.
func (k *keyCheck) endWithKey(ctx context.Context, end context.CancelFunc, client netip.Addr, key string) {
	k.checker.Watch(ctx, client, key)
	end()
}

// askAuth returns the question whether an API key is valid, as it is put to auth through the sidecar.
func askAuth(transport http.RoundTripper) apikey.Ask {
	return apikey.At(func(question *http.Request) (*http.Response, error) {
		return transport.RoundTrip(question.WithContext(sidecar.Target(question.Context(), authApp)))
	}, request.VerifyKeyPath)
}

// cacheAge is how long answers about keys hold: one memory serves all routes, so the shortest of their times counts.
func cacheAge(routes []declaration.Route) time.Duration {
	age := apikey.MaxAge
	for _, r := range routes {
		if config := r.Plugins.APIKey; config != nil && !config.Anonymous {
			age = min(age, time.Duration(config.CacheSeconds)*time.Second)
		}
	}
	return age
}
