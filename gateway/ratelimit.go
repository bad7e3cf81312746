package main

import (
	"net/http"
	"strings"
	"time"

	"stoa/gateway/declaration"
	"stoa/gateway/edge/limit"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/settings"
	"stoa/pkg/common/web"
	"stoa/pkg/observability"
)

// rateLimit is the plugin rate-limiting: one instance, with its counters, for all routes that it is declared for.
type rateLimit struct {
	config  *declaration.RateLimiting
	limits  []periodLimit
	limiter *limit.Limiter
	// noted counts what the log says of each client.
	noted *limit.Limiter
	on    func() bool
}

// periodLimit is a limit that may change while the gateway runs; 0 means that there is none.
type periodLimit struct {
	period time.Duration
	most   func() int64
}

// newRateLimit makes an instance. Where there is a configuration store, the limits of an instance with a name can change
// while the gateway runs: those of "sign-in" are LIMIT_SIGN_IN_SECOND, _MINUTE and _HOUR.
func newRateLimit(config *declaration.RateLimiting, values *settings.Settings, on func() bool) *rateLimit {
	l := &rateLimit{config: config, limiter: limit.New(), noted: limit.New(), on: on}
	for _, p := range []struct {
		name   string
		period time.Duration
		most   int64
	}{{"SECOND", time.Second, config.Second}, {"MINUTE", time.Minute, config.Minute}, {"HOUR", time.Hour, config.Hour}} {
		most := func() int64 { return p.most }
		if values != nil && config.Instance != "" {
			name := strings.ToUpper(strings.ReplaceAll(config.Instance, "-", "_"))
			most = settings.Int(values, "LIMIT_"+name+"_"+p.name, p.most).Get
		}
		l.limits = append(l.limits, periodLimit{p.period, most})
	}
	return l
}

// around lets requests to a service through to next as long as their sender is within its limits.
func (l *rateLimit) around(service string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.on() {
			next.ServeHTTP(w, r)
			return
		}
		client := l.client(service, r)
		decision := l.limiter.Take(client, l.rates()...)
		if !l.config.HideClientHeaders {
			callerOf(r).report(w, decision)
		}
		if err := decision.Err("too many requests; come back later"); err != nil {
			l.note(r, client)
			web.WriteError(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// once is how often the log says of a client that it is over its limit.
var once = limit.Rate{Period: time.Minute, Max: 1}

// note logs that a client is over its limit, in place of each of its requests: otherwise a flood would fill the log. It names
// the address, because the header that clients are counted by may be a secret.
func (l *rateLimit) note(r *http.Request, client string) {
	web.Quiet(r.Context())
	if l.noted.Take(client, once).Allowed {
		address := web.Network(callerOf(r).address, 32).String()
		observability.Log(r.Context()).Warn().Str("client", address).Msg("a client is over its limit; its requests are not logged")
	}
}

// rates are the limits of now.
func (l *rateLimit) rates() []limit.Rate {
	rates := make([]limit.Rate, 0, len(l.limits))
	for _, p := range l.limits {
		if most := p.most(); most > 0 {
			rates = append(rates, limit.Rate{Period: p.period, Max: most})
		}
	}
	return rates
}

// client is what requests are counted by: the address where the request lacks what limit_by says, as in Kong.
func (l *rateLimit) client(service string, r *http.Request) string {
	switch {
	case l.config.LimitBy == "service":
		return "service " + service
	case l.config.LimitBy == "path" && r.URL.Path == l.config.Path:
		return "path " + l.config.Path
	case l.config.LimitBy == "header" && r.Header.Get(l.config.HeaderName) != "":
		return "header " + r.Header.Get(l.config.HeaderName)
	default:
		return web.Network(callerOf(r).address, 32).String()
	}
}

// sizeLimited is the plugin request-size-limiting.
func sizeLimited(config *declaration.SizeLimiting, next http.Handler) http.Handler {
	most := config.MaxBytes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.ContentLength > most:
			web.RefuseBody(w, r, most)
			return
		case r.ContentLength < 0 && config.RequireContentLength:
			web.WriteError(w, r, errs.New(errs.Malformed, "a Content-Length is needed"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		next.ServeHTTP(w, r)
	})
}
