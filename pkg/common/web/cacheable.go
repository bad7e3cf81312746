package web

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humamux"
)

// Cacheable lets browsers keep the answers of an operation for maxAge, and the gateway too, if it has a cache on the route.
// The operation must be a GET that gives everyone the same answer. Answers have an ETag; a caller that already has the
// current answer gets 304 without a body.
func Cacheable(maxAge time.Duration, op huma.Operation) huma.Operation {
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		held := &heldAnswer{humaContext: ctx, status: http.StatusOK}
		next(held)
		held.send(maxAge)
	})
	op.Parameters = append(op.Parameters, &huma.Param{
		Name: "If-None-Match", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
		Description: "The ETag of an earlier answer",
	})
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["304"] = &huma.Response{Description: "Not modified since the answer with this ETag"}
	return op
}

type humaContext huma.Context

// heldAnswer keeps an answer until it is complete, because its ETag is sent before the body.
type heldAnswer struct {
	humaContext
	status int
	body   bytes.Buffer
}

// SetStatus implements huma.Context.
func (h *heldAnswer) SetStatus(status int) { h.status = status }

// Status implements huma.Context.
func (h *heldAnswer) Status() int { return h.status }

// BodyWriter implements huma.Context.
func (h *heldAnswer) BodyWriter() io.Writer { return &h.body }

// Unwrap lets huma reach the request.
func (h *heldAnswer) Unwrap() huma.Context { return h.humaContext }

// send sends the answer, or 304 instead. Errors get no ETag, because nobody may cache them. A redirect has no body.
func (h *heldAnswer) send(maxAge time.Duration) {
	if h.status == http.StatusOK {
		etag := ETag(h.body.Bytes())
		h.SetHeader("ETag", etag)
		h.SetHeader("Cache-Control", fmt.Sprintf("public, max-age=%d", int(maxAge.Seconds())))
		if HasCurrent(h.Header("If-None-Match"), etag) {
			h.status = http.StatusNotModified
		}
	}
	if h.status >= 300 && h.status < 400 {
		_, w := humamux.Unwrap(h.humaContext)
		w.Header().Del("Content-Type") // there is no content
		h.humaContext.SetStatus(h.status)
		return
	}
	h.humaContext.SetStatus(h.status)
	_, _ = h.humaContext.BodyWriter().Write(h.body.Bytes()) // the caller may have gone away
}
