package hostile

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/ids"
	"stoa/test/client"
)

// longAgent is a header that the gateway accepts.
var longAgent = "User-Agent: " + strings.Repeat("x", 14<<10)

// Otherwise something behind the gateway would refuse what the gateway has accepted.
func TestHeaders_thatPassTheGatewayPassEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop)
	for service, guarded := range client.EachGuarded(t, w.staff) {
		answer := w.send(t, w.ask(guarded.Method, "/api/v1"+guarded.Path, w.staff, longAgent).String())
		if answer.Status != guarded.Open {
			t.Errorf("%s: got %s, want %d", service, answer, guarded.Open)
		}
	}
}

// A page is shared after a request for it with headers that few send, as after any other.
func TestCache_isNotTurnedOffByOneRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop)
	page := w.ask("GET", "/api/v1/products?limit=1&cursor=", client.User{})
	for _, hostile := range []string{longAgent, "Idempotency-Key: " + strings.Repeat("k", 1000), "If-Match: x", "Accept-Language: " + strings.Repeat("de,", 3000)} {
		first := w.send(t, page.and(hostile).String())
		if first.Status != http.StatusOK {
			t.Errorf("%.30s: got %s", hostile, first)
		}
		shared := 0
		for range 10 {
			if w.send(t, page.String()).Header.Get("X-Cache-Status") == "Hit" {
				shared++
			}
		}
		if shared == 0 { // the catalogue is cached for a second: a few of ten may miss
			t.Errorf("%.30s: the page is not shared afterwards", hostile)
		}
	}
}

// Who chooses the id of a trace chooses what stands in the logs, and can hide among the lines of others.
func TestTraces_areNotChosenByClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop)
	theirs := strings.ReplaceAll(ids.New(), "-", "")
	trace := "Traceparent: 00-" + theirs + "-b7ad6b7169203331-01"
	for _, path := range []string{"/api/v1/orders/" + unknown, "/nowhere"} {
		answer := w.send(t, w.ask("GET", path, w.bob, trace).String())
		if answer.Status != http.StatusNotFound || !bytes.Contains(answer.Body, []byte(`"traceId"`)) || bytes.Contains(answer.Body, []byte(theirs)) {
			t.Errorf("got %s", answer)
		}
	}
}
