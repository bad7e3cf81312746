package handlers

import (
	"bytes"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/services/web/internal/providers/api"
)

// heartbeat is how often a stream says that it is alive: less than any proxy waits for something to come.
const heartbeat = 15 * time.Second

// live answers with server-sent events: for each value, the part of a page that shows it. htmx puts it into the element that has
// `hx-sse:connect` with the address of this answer, and asks again when the stream ends. After a value that is final there is an event
// "end": `hx-sse:close` names it. Until the first value, an error is one of the whole answer.
func live[T any](v *visit, values iter.Seq2[T, error], name, part string) error {
	stream := &events{visit: v}
	defer stream.beat()()
	for value, err := range values {
		if err == nil {
			err = stream.show(name, part, value)
		}
		switch {
		case err != nil && !stream.begun:
			return err
		case err != nil: // the browser asks again by itself, unless it has gone away
			web.NoteError(v.ctx(), err)
			return nil
		case final(value):
			_ = stream.send("end", nil)
			return nil
		}
	}
	if !stream.begun {
		v.w.WriteHeader(http.StatusNoContent)
	}
	return nil
}

// final reports whether nothing follows a value.
func final(value any) bool {
	order, can := value.(api.Order)
	return can && order.Final()
}

// events is an answer of server-sent events.
type events struct {
	*visit

	writing sync.Mutex
	begun   bool // only send changes it
}

// show sends the part of a page that shows a value.
func (s *events) show(name, part string, value any) error {
	html, err := s.site.views.RenderPart(name, part, s.view(value))
	if err != nil {
		return err
	}
	return s.send("", html)
}

// send writes one event, with a name if it is not for the page. Each line of its text has a field of its own.
func (s *events) send(name string, html []byte) error {
	var text bytes.Buffer
	if name != "" {
		fmt.Fprintf(&text, "event: %s\n", name)
	}
	for line := range bytes.Lines(html) {
		fmt.Fprintf(&text, "data: %s\n", bytes.TrimRight(line, "\r\n"))
	}
	text.WriteByte('\n')
	s.writing.Lock()
	defer s.writing.Unlock()
	s.w.Header().Set("Content-Type", "text/event-stream") // has no effect after the first one
	s.w.Header().Set("Cache-Control", keptByNobody)
	s.begun = true
	return s.write(text.Bytes())
}

func (s *events) write(text []byte) error {
	if _, err := s.w.Write(text); err != nil {
		return err
	}
	return http.NewResponseController(s.w).Flush()
}

// beat writes a comment now and then, once there was an event, until stop is called.
func (s *events) beat() (stop func()) {
	ticker, over := time.NewTicker(heartbeat), make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		for {
			select {
			case <-ticker.C:
				s.writing.Lock()
				if s.begun {
					_ = s.write([]byte(": still here\n\n")) // who has gone away is noticed by the server
				}
				s.writing.Unlock()
			case <-over:
				return
			}
		}
	})
	return func() {
		ticker.Stop()
		close(over)
		beating.Wait()
	}
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
