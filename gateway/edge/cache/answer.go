package cache

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// kept is an answer for all callers. It does not change.
type kept struct {
	header http.Header
	body   []byte
	// born is the time of the question, less the age that the answer had: its age counts from then (RFC 9111, section
	// 4.2.3).
	born, expires time.Time
}

func (k *kept) size() int {
	size := len(k.body)
	for name, values := range k.header {
		size += len(name)
		for _, value := range values {
			size += len(value)
		}
	}
	return size
}

// send answers a request, with 304 if the caller has the answer.
func (k *kept) send(w http.ResponseWriter, r *http.Request, status string) {
	header := w.Header()
	addTo(header, k.header)
	header.Set(statusHeader, status)
	if status == hit {
		header.Set("Age", strconv.Itoa(int(time.Since(k.born).Seconds())))
	}
	if web.HasCurrent(r.Header.Get("If-None-Match"), k.header.Get("ETag")) {
		header.Del("Content-Type")
		header.Del("Content-Length")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(k.body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(k.body) // the caller may have gone away
	}
}

// addTo adds the headers of an answer to those that are set for this caller, such as Vary.
func addTo(header, answer http.Header) {
	for name, values := range answer {
		header[name] = slices.Concat(header[name], values)
	}
}

// capture holds back an answer that may be kept; any other goes on to the caller piece by piece.
type capture struct {
	http.ResponseWriter
	// keeps says for how long an answer is kept.
	keeps func(status int, header http.Header) time.Duration
	// release is called when it turns out that the answer is for the caller only.
	release func(status int)

	header  http.Header
	body    bytes.Buffer
	fresh   time.Duration
	decided bool
	passing bool
}

// Header returns the headers of the answer. While it may be kept, they are apart from those that are for this caller only.
func (c *capture) Header() http.Header {
	if c.passing {
		return c.ResponseWriter.Header()
	}
	return c.header
}

// WriteHeader decides whether the answer may be kept.
func (c *capture) WriteHeader(status int) {
	if c.decided || status < http.StatusOK {
		return
	}
	c.decided = true
	if c.fresh = c.keeps(status, c.header); c.fresh <= 0 {
		c.pass(status)
	}
}

// Write keeps a piece or passes it on. When the answer gets too large, all of it is passed on.
func (c *capture) Write(piece []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	if !c.passing && c.body.Len()+len(piece) > maxBody {
		c.pass(http.StatusOK)
	}
	if c.passing {
		return c.ResponseWriter.Write(piece)
	}
	return c.body.Write(piece)
}

// FlushError passes on what may be passed on.
func (c *capture) FlushError() error {
	if !c.passing {
		return nil
	}
	return http.NewResponseController(c.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (c *capture) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// pass sends what has arrived to the caller, which gets the rest as it comes. The next piece meets the same error of
// writing.
func (c *capture) pass(status int) {
	header := c.ResponseWriter.Header()
	addTo(header, c.header)
	header.Set(statusHeader, miss)
	c.passing = true
	c.release(status)
	c.ResponseWriter.WriteHeader(status)
	_, _ = c.ResponseWriter.Write(c.body.Bytes())
	c.body = bytes.Buffer{}
}

// finish returns the answer to keep, or errs.Unavailable for one that broke off.
func (c *capture) finish(asked time.Time) (*kept, error) {
	announced := c.header.Get("Content-Length")
	if announced != "" && announced != strconv.Itoa(c.body.Len()) {
		return nil, errs.New(errs.Unavailable, "the answer of a service that this needs broke off")
	}
	had := seconds(c.header.Get("Age"))
	c.header.Del("Age")
	return &kept{header: c.header, body: c.body.Bytes(), born: asked.Add(-had), expires: asked.Add(c.fresh)}, nil
}
