package web

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// AnswerHeader marks the HTTP answer of an app: a sidecar can report a success although the app gave no answer, and can cut
// a body short without an error. The value is the length of the body in bytes, before any Content-Encoding, or
// UnknownLength. api/README.md has the rule for services in other languages, docs/decisions/0015 the reason.
const AnswerHeader = "Stoa-Answer"

// UnknownLength is the value of AnswerHeader for a body whose length is not known when it begins, such as a stream.
const UnknownLength = "*"

// maxHeld is how many bytes of a body are held back to learn its length: more than any answer has, except a stream.
const maxHeld = 4 << 20

// MarkAnswers sets AnswerHeader on every answer of next. It holds a body back until it is complete, so that its length is
// known, unless next flushes it.
func MarkAnswers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		marked := &markedWriter{ResponseWriter: w}
		next.ServeHTTP(marked, r)
		marked.end()
	})
}

type markedWriter struct {
	http.ResponseWriter
	status int // 0 until the handler has chosen one
	sent   bool
	held   bytes.Buffer
}

// WriteHeader keeps the status until the body is complete.
func (w *markedWriter) WriteHeader(status int) {
	switch {
	case status < http.StatusOK: // the answer follows
		w.ResponseWriter.WriteHeader(status)
	case w.status == 0:
		w.status = status
	}
}

// Write keeps the bytes until the body is complete, or too long to be kept.
func (w *markedWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if !w.sent && w.held.Len()+len(b) <= maxHeld {
		return w.held.Write(b)
	}
	if err := w.send(UnknownLength); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(b)
}

// FlushError sends what is held back, because the answer is a stream. http.ResponseController calls it.
func (w *markedWriter) FlushError() error {
	if err := w.send(UnknownLength); err != nil {
		return err
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (w *markedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// end sends the complete answer.
func (w *markedWriter) end() {
	length := strconv.Itoa(w.held.Len())
	if !w.sent && w.held.Len() > 0 {
		if declared := w.Header().Get("Content-Length"); declared != "" && declared != length {
			panic(http.ErrAbortHandler) // the handler wrote more or less than it announced
		}
		w.Header().Set("Content-Length", length)
	}
	_ = w.send(length) // the caller may have gone away
}

// send sends what is held back, once, with this value of AnswerHeader.
func (w *markedWriter) send(length string) error {
	if w.sent {
		return nil
	}
	w.sent = true
	w.Header().Set(AnswerHeader, length)
	w.ResponseWriter.WriteHeader(cmp.Or(w.status, http.StatusOK))
	if w.held.Len() == 0 {
		return nil
	}
	_, err := w.held.WriteTo(w.ResponseWriter)
	return err
}

// CheckAnswer returns an error unless a response that came through a sidecar is the answer of an app. It removes AnswerHeader,
// and makes reading the body fail with io.ErrUnexpectedEOF if its length is wrong.
func CheckAnswer(answer *http.Response) error {
	values := answer.Header.Values(AnswerHeader)
	answer.Header.Del(AnswerHeader)
	if len(values) != 1 {
		return fmt.Errorf("no app gave this answer of status %d: it has no %s", answer.StatusCode, AnswerHeader)
	}
	if values[0] == UnknownLength {
		return nil
	}
	length, err := strconv.ParseUint(values[0], 10, 63)
	if err != nil {
		return fmt.Errorf("%s is not valid: %w", AnswerHeader, err)
	}
	if !hasBody(answer) {
		return nil
	}
	answer.ContentLength = int64(length)
	answer.Header.Set("Content-Length", values[0])
	answer.Body = &wholeBody{ReadCloser: answer.Body, missing: answer.ContentLength}
	return nil
}

// hasBody reports whether HTTP lets this answer have a body (RFC 9110, section 6.4.1).
func hasBody(answer *http.Response) bool {
	return (answer.Request == nil || answer.Request.Method != http.MethodHead) &&
		answer.StatusCode != http.StatusNoContent && answer.StatusCode != http.StatusNotModified
}

// wholeBody fails if the body is shorter or longer than announced.
type wholeBody struct {
	io.ReadCloser
	missing int64 // bytes
}

// Read implements io.Reader.
func (b *wholeBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.missing -= int64(n)
	if b.missing < 0 || errors.Is(err, io.EOF) && b.missing > 0 {
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}
