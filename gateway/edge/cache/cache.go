// Package cache keeps answers that services mark as public, for as long as they say, so that many callers that read the same
// cost one request. It is the built-in gateway's counterpart of Kong's plugin proxy-cache.
//
// It decides by the headers of request and answer, never by the path: a request that carries an identity neither gets nor
// leaves an answer here. Keys and rate limits are checked before.
package cache

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"stoa/gateway/edge/share"
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
	// unsharedFor is how long callers ask for themselves after an answer that may not be shared.
	unsharedFor = 5 * time.Second
)

// Rules say which answers are kept, as the configuration of a plugin does.
type Rules struct {
	// Methods are GET, HEAD or both: requests with other methods pass by.
	Methods []string
	// MediaTypes are the media types of answers that are kept.
	MediaTypes []string
	// Vary are request headers, beside Accept, that answers may depend on. The answer to a request with a Cookie is never kept.
	Vary []string
	// Timeout bounds a fetch, which no caller can end because others wait for it.
	Timeout time.Duration
	// App is the circuit breaker of the app that is asked, or nil.
	App share.Breaker
}

// Send sends the request of a fetch. An answer of status 500 or more may also be an error.
type Send func(*http.Request) (*http.Response, error)

// Cache keeps answers in memory. It is safe for concurrent use.
type Cache struct {
	memory    *memory
	questions share.Questions
}

// New returns an empty cache.
func New() *Cache { return &Cache{memory: newMemory(maxEntries, maxBytes)} }

// Wrap answers for next where it may, with what it fetches by send. The route keeps the answers of one handler apart from
// those of another.
func (c *Cache) Wrap(route string, rules Rules, send Send, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, ok := rules.keyOf(route, r)
		if !ok || !rules.serve(r) {
			w.Header().Set(statusHeader, bypass)
			next.ServeHTTP(w, r)
			return
		}
		known, from, err := c.find(key, rules, send, r)
		switch {
		case err != nil:
			web.WriteError(w, r, err)
		case known == nil:
			w.Header().Set(statusHeader, miss)
			next.ServeHTTP(w, r)
		default:
			known.send(w, r, from)
		}
	})
}

// find returns the answer from memory, or from a fetch that it starts or waits for. There is none if each caller has to ask
// for itself.
func (c *Cache) find(key string, rules Rules, send Send, r *http.Request) (found *answer, from string, err error) {
	if e := c.memory.find(key, time.Now()); e != nil {
		return e.answer, hit, nil
	}
	question := rules.questionOf(r)
	value, asked, err := c.questions.Ask(r.Context(), rules.App, key, func() (any, error) {
		return c.fetch(key, rules, send, question)
	})
	found, _ = value.(*answer)
	if asked {
		return found, miss, err
	}
	if found != nil && !found.shared {
		found = nil
	}
	return found, hit, err
}

// questionOf is the request of a fetch. It carries only what the key has: nothing else that its first caller sent can spoil
// the answer for others.
func (rules Rules) questionOf(r *http.Request) *http.Request {
	question := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}, Header: http.Header{}}
	for _, name := range rules.varying() {
		if values := r.Header.Values(name); len(values) > 0 {
			question.Header[name] = values
		}
	}
	return question.WithContext(context.WithoutCancel(r.Context()))
}

// fetch asks for all callers that wait, and remembers the answer, or that each caller has to ask for itself. An answer that
// may not be shared is for the first caller; there is none if it depends on what the question left out.
func (c *Cache) fetch(key string, rules Rules, send Send, question *http.Request) (*answer, error) {
	ctx, cancel := context.WithTimeout(question.Context(), rules.Timeout)
	defer cancel()
	asked := time.Now()
	got, err := read(send(question.WithContext(ctx)))
	if errors.Is(err, io.ErrUnexpectedEOF) { // the app died while it answered
		got, err = read(send(question.WithContext(ctx)))
	}
	if err != nil {
		return nil, err
	}
	fits := len(got.body) <= maxBody
	if fresh := rules.keep(got.status, got.header); fits && fresh > 0 {
		got.share(asked)
		c.memory.keep(key, got, asked.Add(fresh))
		return got, nil
	}
	c.memory.keep(key, nil, asked.Add(unsharedFor))
	if !fits || rules.varies(got.header) {
		return nil, nil
	}
	return got, nil
}
