// Package api calls the public operations of the services, as the person in front of the browser: no page can do what the API refuses.
// Its types have only the fields that pages show.
package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/pkg/sidecar"
)

const (
	// readTimeout bounds a call that a page waits for, and changeTimeout one that changes something: a change may wait for its outcome.
	readTimeout, changeTimeout = 2500 * time.Millisecond, 8 * time.Second
	// maxAnswer is how much of an answer is read, in bytes.
	maxAnswer = 4 << 20
)

// Client calls operations through a transport, which is that of the sidecar.
type Client struct{ transport http.RoundTripper }

// New returns a client.
func New(transport http.RoundTripper) *Client { return &Client{transport: transport} }

// Caller is on whose behalf a page calls.
type Caller struct {
	// Token is the access token, "" for a guest.
	Token string
	// Address is that of the browser: auth counts wrong passwords by it. UserAgent is what the browser calls itself.
	Address, UserAgent string
}

type callerKey struct{}

// As returns a context whose calls are on behalf of a caller.
func As(ctx context.Context, c Caller) context.Context { return context.WithValue(ctx, callerKey{}, c) }

// WithToken returns a context whose calls are on behalf of the same caller, with this access token.
func WithToken(ctx context.Context, token string) context.Context {
	caller, _ := ctx.Value(callerKey{}).(Caller)
	caller.Token = token
	return As(ctx, caller)
}

// List is a page of a list.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"` // the cursor of the next page, "" on the last one
}

// Moved is the error for what has another name now.
type Moved struct {
	// To is the last part of its path: the slug of a post, or the name of a tag.
	To string
}

// Error implements error.
func (m *Moved) Error() string { return "it has moved to " + m.To }

// operation is one call of an operation.
type operation struct {
	app, method, path string
	query             url.Values
	body              any    // as JSON; nil for none
	key               string // Idempotency-Key
	match             string // If-Match: the version that was read
	accept            string // "" for JSON
	nowhere           bool   // an id can be none
}

// get returns the call of an operation that changes nothing. Its path consists of a fixed part and the ids and names that follow it.
func get(app, base string, parts ...string) operation { return to(app, http.MethodGet, base, parts...) }

func to(app, method, base string, parts ...string) operation {
	o := operation{app: app, method: method, path: base}
	for _, part := range parts {
		o.path += "/" + url.PathEscape(part)
		// These would be another path, and perhaps another operation.
		o.nowhere = o.nowhere || part == "" || part == "." || part == ".."
	}
	return o
}

// with returns the operation with parameters, as names and values. Empty ones are left out.
func (o operation) with(parameters ...string) operation {
	o.query = url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		if parameters[i+1] != "" {
			o.query.Set(parameters[i], parameters[i+1])
		}
	}
	return o
}

// call makes a call and returns its answer. An error of the service keeps its kind; errs.Unavailable is for no answer.
func call[T any](ctx context.Context, c *Client, o operation) (out T, err error) {
	timeout := changeTimeout
	if o.method == http.MethodGet {
		timeout = readTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := c.send(ctx, o)
	if err != nil {
		return out, err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return out, unanswered(err, o.app)
	}
	if err := refusal(answer, raw); err != nil || len(raw) == 0 {
		return out, err
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return out, fmt.Errorf("the answer of %s cannot be read: %w", o.app, err)
	}
	return out, nil
}

// do makes a call whose answer nobody needs.
func do(ctx context.Context, c *Client, o operation) error {
	_, err := call[json.RawMessage](ctx, c, o)
	return err
}

// send sends the request of a call.
func (c *Client) send(ctx context.Context, o operation) (*http.Response, error) {
	if o.nowhere {
		return nil, nothing(nil)
	}
	var body io.Reader = http.NoBody
	if o.body != nil {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false) // each < would have six bytes, and a post with many of them would be too large
		if err := encoder.Encode(o.body); err != nil {
			return nil, fmt.Errorf("calling %s: %w", o.app, err)
		}
		body = bytes.NewReader(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
	}
	target := "http://sidecar" + o.path // the transport replaces the host
	if query := o.query.Encode(); query != "" {
		target += "?" + query
	}
	request, err := http.NewRequestWithContext(sidecar.Target(ctx, o.app), o.method, target, body)
	if err != nil {
		return nil, nothing(err)
	}
	caller, _ := ctx.Value(callerKey{}).(Caller)
	for name, value := range map[string]string{
		"Authorization": bearer(caller.Token), "X-Forwarded-For": caller.Address, "User-Agent": caller.UserAgent,
		"Accept": cmp.Or(o.accept, "application/json"), "Idempotency-Key": o.key, "If-Match": o.match,
	} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	if o.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.transport.RoundTrip(request)
	if err != nil {
		return nil, unanswered(err, o.app)
	}
	return answer, nil
}

func nothing(err error) error { return errs.Wrap(errs.NotFound, err, "there is nothing at this path") }

func bearer(token string) string {
	if token == "" {
		return ""
	}
	return "Bearer " + token
}

// refusal returns the error of an answer that is not a success.
func refusal(answer *http.Response, raw []byte) error {
	switch {
	case answer.StatusCode >= http.StatusBadRequest:
		return web.ReadError(answer.StatusCode, answer.Header, raw)
	case answer.StatusCode >= http.StatusMultipleChoices:
		location := answer.Header.Get("Location")
		name, err := url.PathUnescape(location[strings.LastIndex(location, "/")+1:])
		if err != nil {
			return fmt.Errorf("the new address cannot be read: %w", err)
		}
		return &Moved{To: name}
	}
	return nil
}

// unanswered is the error for a call without an answer.
func unanswered(err error, app string) error {
	if _, known := errors.AsType[*errs.Error](err); known {
		return err
	}
	return errs.Wrap(errs.Unavailable, err, "%s does not answer", app)
}
