package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
)

// streamAccept asks for server-sent events. For the plain media type, a sidecar turns every error of the app into a 500
// (docs/decisions/0006).
const streamAccept = "text/event-stream, application/problem+json"

// maxEvent is how large an event may be, in bytes.
const maxEvent = 1 << 20

// stream calls an operation that answers with server-sent events, and yields the data of each until the stream or ctx ends. The first
// error is the last value; a stream that ends by itself ends without one.
func stream[T any](ctx context.Context, c *Client, o operation) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		o.accept = streamAccept
		answer, err := c.send(ctx, o)
		if err != nil {
			yield(none, err)
			return
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			raw, _ := io.ReadAll(io.LimitReader(answer.Body, maxEvent)) // whatever arrived of it
			yield(none, refusal(answer, raw))
			return
		}
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, maxEvent)
		for lines.Scan() { // our services write the data of an event as one line
			raw, isData := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
			if !isData {
				continue
			}
			var value T
			if err := json.Unmarshal(raw, &value); !yield(value, err) || err != nil {
				return
			}
		}
		if err := lines.Err(); err != nil && ctx.Err() == nil {
			yield(none, unanswered(err, o.app))
		}
	}
}
