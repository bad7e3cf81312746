// Package cache keeps answers that services mark as public, for as long as they say, so that many callers that read the same
// cost one request. It is the built-in gateway's counterpart of Kong's plugin proxy-cache.
//
// It decides by the headers of request and answer, never by the path: a request that carries an identity neither gets nor
// leaves an answer here. Keys and rate limits are checked before.
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
	bypass = "Bypass" // for a request that no kept answer may serve
)

const (
	// maxEntries and maxBytes bound the memory.
	maxEntries = 10_000
	maxBytes   = 64 << 20
	// maxBody is the largest answer that is kept. A full page of the catalogue is a tenth of it.
	maxBody = 1 << 20
	// fetchTimeout bounds a fetch, which no caller can end because others wait for it.
	fetchTimeout = 10 * time.Second
	// unsharedFor is how long callers do not wait for each other after an answer that may not be shared.
	unsharedFor = 5 * time.Second
)

// Rules say which answers are kept, as the configuration of a plugin does.
type Rules struct {
	// Methods are GET, HEAD or both: requests with other methods pass by.
	Methods []string
	// MediaTypes are the media types of answers that are kept.
	MediaTypes []string
}

// Cache keeps answers in memory. It is safe for concurrent use.
type Cache struct {
	memory *memory
}

// New returns an empty cache.
func New() *Cache { return &Cache{memory: newMemory(maxEntries, maxBytes)} }

// Wrap answers for next where it may. The route keeps the answers of one handler apart from those of another.
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

// serve answers from memory, from the fetch of another caller, or from a new fetch.
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

// fetch asks next for all callers that wait, and releases them as soon as it is known whether the answer is for them. Only
// from then on does the end of this caller's request end the fetch.
func (c *Cache) fetch(w http.ResponseWriter, r *http.Request, key string, rules Rules, f *flight, next http.Handler) {
	asked := time.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), fetchTimeout)
	defer cancel()
	defer c.memory.fail(key, f) // without effect after an answer
	in := r.Clone(ctx)
	// The cache needs the whole answer, and itself answers 304.
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
	out.WriteHeader(http.StatusOK) // if next has not
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
