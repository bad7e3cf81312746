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

// Cacheable makes of an operation, which has to be a GET that answers everybody alike, one whose answers the gateway and
// browsers may keep for maxAge. They carry an ETag; a caller who has the current one gets 304 and no body.
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
	op.Responses["304"] = &huma.Response{Description: "The earlier answer still holds"}
	return op
}

type humaContext huma.Context

// heldAnswer holds an answer back until all of it is known: its tag goes out before it.
type heldAnswer struct {
	humaContext
	status int
	body   bytes.Buffer
}

// SetStatus holds the status back.
func (h *heldAnswer) SetStatus(status int) { h.status = status }

// Status is the status that was set.
func (h *heldAnswer) Status() int { return h.status }

// BodyWriter holds the body back.
func (h *heldAnswer) BodyWriter() io.Writer { return &h.body }

// Unwrap lets huma reach the request.
func (h *heldAnswer) Unwrap() huma.Context { return h.humaContext }

// send answers with what was held back, or with less. An error is of this moment: no one keeps it.
func (h *heldAnswer) send(maxAge time.Duration) {
	if h.status == http.StatusOK {
		etag := ETag(h.body.Bytes())
		h.SetHeader("ETag", etag)
		h.SetHeader("Cache-Control", fmt.Sprintf("public, max-age=%d", int(maxAge.Seconds())))
		if HasCurrent(h.Header("If-None-Match"), etag) {
			_, w := humamux.Unwrap(h.humaContext)
			w.Header().Del("Content-Type") // there is none to speak of
			h.humaContext.SetStatus(http.StatusNotModified)
			return
		}
	}
	h.humaContext.SetStatus(h.status)
	_, _ = h.humaContext.BodyWriter().Write(h.body.Bytes()) // the caller may have gone away
}
