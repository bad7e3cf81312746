package handlers

import (
	"bytes"
	"fmt"
	"iter"
	"net/http"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// live answers with server-sent events: for each value, the part of a page that shows it. htmx puts it into the element that has
// `hx-sse:connect` with the address of this answer, and asks again when the stream ends. After a value that is final there is an event
// "end": `hx-sse:close` names it. Until the first value, an error is one of the whole answer.
func live[T any](v *visit, values iter.Seq2[T, error], name, part string) error {
	begun := false
	for value, err := range values {
		var html []byte
		if err == nil {
			html, err = v.site.views.RenderPart(name, part, v.view(value))
		}
		if err != nil && !begun {
			return err
		}
		if err != nil { // the browser asks again by itself
			web.NoteError(v.ctx(), err)
			return nil
		}
		begun = true
		if v.event("", html) != nil {
			return nil // the reader has gone away
		}
		if last, can := any(value).(interface{ Final() bool }); can && last.Final() {
			_ = v.event("end", nil)
			return nil
		}
	}
	if !begun {
		v.w.WriteHeader(http.StatusNoContent)
	}
	return nil
}

// event writes one event, with a name if it is not for the page. Each line of its text has a field of its own.
func (v *visit) event(name string, html []byte) error {
	v.w.Header().Set("Content-Type", "text/event-stream") // has no effect after the first one
	v.w.Header().Set("Cache-Control", keptByNobody)
	if name != "" {
		if _, err := fmt.Fprintf(v.w, "event: %s\n", name); err != nil {
			return err
		}
	}
	for line := range bytes.Lines(html) {
		if _, err := fmt.Fprintf(v.w, "data: %s\n", bytes.TrimRight(line, "\r\n")); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprint(v.w, "\n"); err != nil {
		return err
	}
	return http.NewResponseController(v.w).Flush()
}

// failLive answers in place of a stream. Who has to sign in sees that once the page is loaded again; nothing else changes the page.
func (v *visit) failLive(err error) {
	if errs.Is(err, errs.Unauthenticated) {
		v.w.Header().Set("Hx-Refresh", "true")
	}
	v.w.Header().Set("Hx-Reswap", "none")
	v.w.Header().Set("Cache-Control", keptByNobody)
	v.w.WriteHeader(errs.KindOf(err).HTTPStatus())
}
