// Package cache keeps answers that services mark as everybody's for the moment that they allow, so that a crowd that
// reads the same costs one question. It is the built-in gateway's counterpart of Kong's plugin proxy-cache.
//
// It decides by what the caller sends and the service says, never by the path: a request that carries an identity gets
// nothing from here and leaves nothing here. Keys and rate limits are checked before.
package cache

import (
	"context"
	"net/http"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// statusHeader says where an answer comes from, under Kong's name.
const statusHeader = "X-Cache-Status"

// Values of the status header.
const (
	hit    = "Hit"    // from memory, or fetched once for several callers
	miss   = "Miss"   // fetched for this caller
	bypass = "Bypass" // a request that no kept answer may serve
)

const (
	// maxEntries and maxBytes bound the memory, whatever callers ask for.
	maxEntries = 10_000
	maxBytes   = 64 << 20
	// maxBody is the largest answer that is kept. A full page of the catalogue is a tenth of it.
	maxBody = 1 << 20
	// fetchTimeout bounds a fetch, which no caller can end since others wait for it.
	fetchTimeout = 10 * time.Second
	// unsharedFor is how long callers do not wait for each other once a service has answered what may not be shared.
	unsharedFor = 5 * time.Second
)

// Rules narrow down what is kept, as the configuration of a plugin does.
type Rules struct {
	// Methods are those that are answered from memory, of GET and HEAD.
	Methods []string
	// MediaTypes are those of answers that are kept.
	MediaTypes []string
}

// Cache keeps answers in memory. It is safe for concurrent use.
type Cache struct {
	memory *memory
}

// New returns an empty cache.
func New() *Cache { return &Cache{memory: newMemory(maxEntries, maxBytes)} }

// Wrap answers for next what it may. The route keeps the answers of one handler apart from those of another.
func (c *Cache) Wrap(route string, rules Rules, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, ok := keyOf(route, r)
		if !ok || !rules.serve(r) {
			w.Header().Set(statusHeader, bypass)
			next.ServeHTTP(w, r)
			return
		}
		c.serve(w, r, key, rules, next)
	})
}

// serve answers from memory, from somebody else's fetch, or from a fetch of its own.
func (c *Cache) serve(w http.ResponseWriter, r *http.Request, key string, rules Rules, next http.Handler) {
	for found := c.memory.find(key, time.Now(), r.Method == http.MethodGet); ; {
		switch {
		case found.kept != nil:
			found.kept.send(w, r, hit)
			return
		case found.failed:
			web.WriteError(w, r, errs.New(errs.Unavailable, "this cannot be read right now"))
			return
		case found.flight == nil:
			w.Header().Set(statusHeader, miss)
			next.ServeHTTP(w, r)
			return
		case found.leads:
			c.fetch(w, r, key, rules, found.flight, next)
			return
		}
		select {
		case <-found.flight.landed:
			found = c.memory.after(key, found.flight, time.Now())
		case <-r.Context().Done():
			web.WriteError(w, r, r.Context().Err())
			return
		}
	}
}

// fetch asks next on behalf of all who wait, and lets them go as soon as it is known whether the answer is for them.
// The end of this caller's request ends it only from then on.
func (c *Cache) fetch(w http.ResponseWriter, r *http.Request, key string, rules Rules, f *flight, next http.Handler) {
	asked := time.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), fetchTimeout)
	defer cancel()
	defer c.memory.fail(key, f) // when there is no answer
	in := r.Clone(ctx)
	// All of the answer is needed; whether the caller has it already is our question then.
	in.Header.Del("If-None-Match")
	in.Header.Del("If-Modified-Since")
	out := &capture{ResponseWriter: w, keeps: rules.keep, header: http.Header{}}
	out.release = func(status int) {
		if status >= http.StatusInternalServerError {
			c.memory.fail(key, f)
		} else {
			c.memory.unshare(key, f, asked.Add(unsharedFor))
		}
		context.AfterFunc(r.Context(), cancel)
	}
	next.ServeHTTP(out, in)
	out.WriteHeader(http.StatusOK) // unless it is said, as everywhere
	if out.passing {
		return
	}
	answer, err := out.finish(asked)
	if err != nil {
		web.WriteError(w, r, err)
		return
	}
	c.memory.keep(key, f, answer)
	answer.send(w, r, miss)
}
