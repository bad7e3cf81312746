package hostile

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/test/client"
)

// attack is a request that nobody should send, and what may come of it.
type attack struct {
	name string
	wire string
	want []int
	// field is the input that the problem has to name.
	field string
	// plain is what the HTTP server may answer itself, in plain text: it has not come as far as a problem document.
	plain bool
	// check looks at what else there is to see.
	check func(t *testing.T, answer client.Answer)
}

// attacks is the whole table.
func attacks(t *testing.T, w *world, b bench) []attack {
	all := append(writings(w), b.writings(w)...)
	return slices.Concat(
		tokenAttacks(t, w), schemeAttacks(w), keyAttacks(w),
		bodyAttacks(t, w, all), orderAttacks(w), assignmentAttacks(t, w, all),
		idAttacks(t, w), queryAttacks(w, b), accountAttacks(t, w), blogAttacks(t, w, b), linkAttacks(t, w, b),
		pathAttacks(w), headerAttacks(w), methodAttacks(w), framingAttacks(w),
	)
}

// atLeast is how many requests the table has to hold. It holds many more; this is what was promised.
const atLeast = 300

func TestRequests_hostileOnesAreRefused(t *testing.T) {
	w := newWorld(t, shop)
	b := newBench(t, w)
	table := attacks(t, w, b)
	names, wires := map[string]bool{}, map[string]string{}
	for _, a := range table {
		if first, twice := wires[a.wire]; twice || names[a.name] {
			t.Errorf("%s is in the table twice, see %s", a.name, first)
		}
		names[a.name], wires[a.wire] = true, a.name
	}
	if len(wires) < atLeast {
		t.Errorf("only %d requests, want at least %d", len(wires), atLeast)
	}
	t.Logf("%d requests", len(wires))
	t.Run("of", func(t *testing.T) {
		for _, a := range table {
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				a.run(t, w)
			})
		}
	})
	w.unharmed(t)
	b.unharmed(t, w)
}

func (a attack) run(t *testing.T, w *world) {
	answer := w.send(t, a.wire)
	if !slices.Contains(a.want, answer.Status) {
		t.Errorf("got %s, want %v", answer, a.want)
	}
	harmless(t, answer, a.plain)
	if a.field != "" && answer.Field() != a.field {
		t.Errorf("got the field %q, want %q in %s", answer.Field(), a.field, answer)
	}
	if a.check != nil {
		a.check(t, answer)
	}
}

// inside matches what only those know who have seen the inside: stack traces, names of Go and of its libraries, addresses,
// and the words of sidecars, databases and brokers.
var inside = regexp.MustCompile(`(?i)goroutine|panic|runtime error|\.go:\d|go struct|go value|` +
	`\b(errs|domain|handlers|json|http|huma|strconv|jwt|sql|url|mux|context)\.[a-z]+\b[^/]|` +
	`127\.0\.0\.1|localhost|::1|/home/|/tmp/|dapr|sidecar|err_|rpc error|grpc|` +
	`sqlite|sqlstate|redis|nats|argon|\w+-store|\w+-worker|dial tcp|connection refused|deadline exceeded`)

// harmless checks what holds for every answer while nothing is down: no request makes the system fail. That it does not
// speak some kind of HTTP is no failure, though HTTP counts it among them (501, 505).
func harmless(t *testing.T, answer client.Answer, plain bool) {
	t.Helper()
	discreet(t, answer, plain)
	unspoken := answer.Status == http.StatusNotImplemented || answer.Status == http.StatusHTTPVersionNotSupported
	if answer.Status >= 500 && !unspoken {
		t.Errorf("a request made the system fail: %s", answer)
	}
}

// discreet checks that an error is a problem of a known kind, or a page, and that no answer shows what is inside.
func discreet(t *testing.T, answer client.Answer, plain bool) {
	t.Helper()
	plain = plain && !strings.HasSuffix(answer.Header.Get("Content-Type"), "json")
	for name := range answer.Header {
		if strings.HasPrefix(name, "Dapr-") || name == "Server" || name == "X-Powered-By" || name == "Traceparent" {
			t.Errorf("the answer has the header %s", name)
		}
	}
	if answer.Status < 400 {
		return
	}
	text := string(answer.Body)
	page := strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html")
	if page { // around it is what every page says
		_, text, _ = strings.Cut(text, "<main")
		text, _, _ = strings.Cut(text, "</main>")
	}
	if leak := inside.FindString(text); leak != "" {
		t.Errorf("the answer shows %q: %s", leak, answer)
	}
	if page && !strings.HasPrefix(answer.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("a page without a policy: %v", answer.Header)
	}
	if plain || page {
		return
	}
	if media := answer.Header.Get("Content-Type"); media != "application/problem+json" {
		t.Errorf("the media type of %s is %q", answer, media)
	}
	if kind := errs.Kind(answer.Problem().Kind); !kind.Known() || kind.HTTPStatus() != answer.Status {
		t.Errorf("the kind does not go with the status: %s", answer)
	}
	if answer.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the security headers are missing: %v", answer.Header)
	}
}

// each makes an attack of every case; all have the same outcome.
func each[V any](prefix string, cases map[string]V, outcome attack, wire func(V) string) []attack {
	var all []attack
	for name, value := range cases {
		outcome.name, outcome.wire = prefix+" "+name, wire(value)
		all = append(all, outcome)
	}
	return all
}

// asIs is the wire of a case that is one already.
func asIs(wire string) string { return wire }
