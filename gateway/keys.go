package main

import (
	"context"
	"net/http"
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

// keyTimeout bounds a question to auth: a caller learns within three seconds that it is down.
const keyTimeout = 2 * time.Second

// keyCheck is the plugin stoa-api-key. All routes share what it remembers and counts.
type keyCheck struct {
	checker *apikey.Checker
	limiter *limit.Limiter
	limited func() bool
}

// require lets a request through to next if its API key is valid, is within its limit, and allows what the route needs. A
// stream ends once its key is revoked.
func (k *keyCheck) require(config *declaration.APIKey, next http.Handler) http.Handler {
	if config.Browser {
		next = forBrowsers(next)
	}
	if config.Anonymous {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, use := callerOf(r), apikey.Use{Permission: config.Permission, Counts: k.limiter}
		caller.keyed = true
		if k.limited() {
			use.PerMinute = config.LimitPerMinute
		}
		decision, err := k.checker.Admit(r.Context(), caller.address, r, use)
		caller.report(w, decision)
		if err != nil {
			web.WriteError(w, r, err)
			return
		}
		if web.IsStream(r) {
			ctx, end := context.WithCancel(r.Context())
			defer end()
			go func() { // otherwise the stream could outlive its key
				k.checker.Watch(ctx, caller.address, r.Header.Get(request.KeyHeader))
				end()
			}()
			next.ServeHTTP(w, r.WithContext(ctx))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// forBrowsers lets what only browsers send go on, and of their cookies only ours. The cache comes after it: a cookie of another
// program makes no answer personal.
func forBrowsers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		callerOf(r).browser = true
		request.KeepOwnCookies(r.Header)
		next.ServeHTTP(w, r)
	})
}

// askAuth returns the Ask that asks auth through the sidecar.
func askAuth(transport http.RoundTripper) apikey.Ask {
	return apikey.At(func(question *http.Request) (*http.Response, error) {
		return transport.RoundTrip(question.WithContext(sidecar.Target(question.Context(), authApp)))
	}, request.VerifyKeyPath)
}

// cacheAge is how long answers about keys are used: one memory serves all routes, so the shortest of their times counts.
func cacheAge(routes []declaration.Route) time.Duration {
	age := apikey.MaxAge
	for _, r := range routes {
		if config := r.Plugins.APIKey; config != nil && !config.Anonymous {
			age = min(age, time.Duration(config.CacheSeconds)*time.Second)
		}
	}
	return age
}
