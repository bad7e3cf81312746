package e2e

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/test/client"
)

// events reads a stream of server-sent events.
type events struct {
	lines *bufio.Scanner
}

func openEvents(t *testing.T, shop *client.Shop, customer client.User, orderID string) events {
	t.Helper()
	return openEventsBy(t, shop, shop.APIKey, customer, orderID)
}

// openEventsBy is openEvents with another API key.
func openEventsBy(t *testing.T, shop *client.Shop, key string, customer client.User, orderID string) events {
	t.Helper()
	request := must.Get(shop.NewRequest(t.Context(), client.Request{
		Method: "GET", Path: "/orders/" + orderID + "/events", As: customer,
		Header: map[string]string{"Accept": "text/event-stream", "X-Api-Key": key},
	}))(t)
	answer := must.Get(http.DefaultClient.Do(request))(t)
	t.Cleanup(func() { answer.Body.Close() })
	if media := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || !strings.HasPrefix(media, "text/event-stream") {
		t.Fatalf("got %d %s", answer.StatusCode, media)
	}
	return events{lines: bufio.NewScanner(answer.Body)}
}

// next returns the order of the next event.
func (e events) next(t *testing.T) client.Order {
	t.Helper()
	for e.lines.Scan() {
		data, ok := strings.CutPrefix(e.lines.Text(), "data: ")
		if !ok {
			continue
		}
		var order client.Order
		must.Do(t, json.Unmarshal([]byte(data), &order))
		return order
	}
	t.Fatalf("the stream ended: %v", e.lines.Err())
	return client.Order{}
}

// ended returns a channel that gets the time at which the stream ends, whatever comes before.
func (e events) ended() <-chan time.Time {
	at := make(chan time.Time, 1)
	go func() {
		for e.lines.Scan() {
		}
		at <- time.Now()
	}()
	return at
}

// end expects that nothing but blank lines follows.
func (e events) end(t *testing.T) {
	t.Helper()
	for e.lines.Scan() {
		if strings.HasPrefix(e.lines.Text(), "data:") {
			t.Errorf("got %s, want the end", e.lines.Text())
		}
	}
	if err := e.lines.Err(); err != nil {
		t.Error(err)
	}
}
