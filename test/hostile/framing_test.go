package hostile

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/test/client"
)

// framingAttacks leave it open where a request ends, what protocol it is in, or whether it is one.
func framingAttacks(w *world) []attack {
	order := fmt.Sprintf(`{"items":[{"productId":%q,"quantity":1}]}`, unknown)
	request := w.ask("POST", "/api/v1/orders", w.bob, "Content-Type: application/json")
	length := fmt.Sprintf("Content-Length: %d", len(order))
	trailed := fmt.Sprintf("%x\r\n%s\r\n0\r\nAuthorization: Bearer %s\r\n\r\n", len(order), order, w.staff.Token)
	type framed struct {
		lines []string
		body  string
	}
	bodies := map[string]framed{
		"of two lengths":               {[]string{length, "Content-Length: 0"}, order},
		"of two lengths in one line":   {[]string{"Content-Length: 5, 6"}, order},
		"of a length with a sign":      {[]string{fmt.Sprintf("Content-Length: +%d", len(order))}, order},
		"of a length below zero":       {[]string{"Content-Length: -1"}, order},
		"of a length in hex":           {[]string{"Content-Length: 0x40"}, order},
		"of a length beyond all":       {[]string{"Content-Length: 99999999999999999999"}, order},
		"of a length in words":         {[]string{"Content-Length: chunked"}, order},
		"of an empty length":           {[]string{"Content-Length: "}, order},
		"of a length with a space":     {[]string{"Content-Length : 5"}, order},
		"of chunks with a space":       {[]string{"Transfer-Encoding : chunked"}, chunked(order)},
		"of chunks with a zero":        {[]string{"Transfer-Encoding: chunked\x00"}, chunked(order)},
		"of a chunk with no end":       {[]string{"Transfer-Encoding: chunked"}, "ffffffffffffffffff\r\n" + order},
		"of a chunk of less than none": {[]string{"Transfer-Encoding: chunked"}, "-1\r\n" + order + "\r\n0\r\n\r\n"},
		"of a chunk in hex of hex":     {[]string{"Transfer-Encoding: chunked"}, "0x5\r\n" + order + "\r\n0\r\n\r\n"},
		"of a chunk of words":          {[]string{"Transfer-Encoding: chunked"}, "five\r\n" + order + "\r\n0\r\n\r\n"},
		"of a chunk of another size":   {[]string{"Transfer-Encoding: chunked"}, "3\r\n" + order + "\r\n0\r\n\r\n"},
		"of a chunk with a long note":  {[]string{"Transfer-Encoding: chunked"}, "5;" + strings.Repeat("x", 64<<10) + "\r\n" + order + "\r\n0\r\n\r\n"},
		"of chunks with a bad trailer": {[]string{"Transfer-Encoding: chunked", "Trailer: Content-Length, Authorization"}, trailed},
		"of chunks and a length":       {[]string{"Transfer-Encoding: chunked", "Content-Length: 4"}, chunked(order)},
		"of a length and chunks":       {[]string{length, "Transfer-Encoding: chunked"}, chunked(order)},
	}
	refused := []int{http.StatusBadRequest, http.StatusUnprocessableEntity}
	wire := func(f framed) string {
		m := request.and(f.lines...)
		m.body = f.body
		return m.String()
	}
	all := each("body", bodies, attack{want: refused, plain: true}, wire)
	// The one 5xx that HTTP asks for: what the server has never heard of it has not implemented (RFC 9112, 6.1).
	all = append(all, each("body in", map[string]string{
		"chunks twice": "chunked\r\nTransfer-Encoding: chunked", "chunks and themselves": "chunked\r\nTransfer-Encoding: identity",
		"an encoding that is none": "xchunked", "an encoding and chunks": "gzip, chunked", "chunks and an encoding": "chunked, identity",
		"an empty encoding": "", "chunks with a tab": "chunked\t;q=0", "chunks in a wrong case": "cHuNkEd, x",
	}, attack{want: append(refused, http.StatusNotImplemented), plain: true}, func(coding string) string {
		return wire(framed{[]string{"Transfer-Encoding: " + coding}, chunked(order)})
	})...)
	return append(all, protocolAttacks(w)...)
}

// protocolAttacks speak another protocol, or ask to.
func protocolAttacks(w *world) []attack {
	list := w.ask("GET", "/api/v1/orders", w.bob)
	version := func(v string) string { return strings.Replace(list.String(), "HTTP/1.1", v, 1) }
	all := each("request", map[string]string{
		"of HTTP/0.9":              "GET /api/v1/orders\r\n\r\n",
		"of HTTP/2.0 in words":     version("HTTP/2.0"),
		"of HTTP/3.0 in words":     version("HTTP/3.0"),
		"of HTTP/9.9":              version("HTTP/9.9"),
		"of HTTP/1":                version("HTTP/1"),
		"of HTTP/1.10":             version("HTTP/1.10"),
		"of http in lower case":    version("http/1.1"),
		"of another protocol":      version("ICAP/1.0"),
		"of no protocol":           version(""),
		"of TLS":                   "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 64) + "\r\n\r\n",
		"of SSH":                   "SSH-2.0-OpenSSH_9.6\r\n\r\n",
		"of a shell":               "id; cat /etc/passwd\r\n\r\n",
		"of a mail server":         "EHLO evil.example\r\n\r\n",
		"of Redis":                 "*1\r\n$7\r\nFLUSHDB\r\n\r\n",
		"of NATS":                  "CONNECT {\"verbose\":false}\r\nPING\r\n\r\n",
		"of the HTTP/2 preface":    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("\x00", 9),
		"with zeros before it":     "\x00\x00\x00\x00" + list.String(),
		"with a space before it":   " " + list.String(),
		"with lines before it":     "\r\n\r\n" + list.String(),
		"with a header before it":  "X-First: 1\r\n" + list.String(),
		"folded at its first line": strings.Replace(list.String(), " HTTP", "\r\n HTTP", 1),
	}, attack{plain: true, want: []int{
		http.StatusBadRequest, http.StatusHTTPVersionNotSupported, http.StatusMethodNotAllowed, http.StatusNotFound,
	}}, asIs)
	// The wish is passed over: the answer is that to the request.
	all = append(all, each("request to speak", map[string][]string{
		"a web socket":        {"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="},
		"HTTP/2":              {"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"},
		"TLS":                 {"Connection: Upgrade", "Upgrade: TLS/1.0"},
		"what nobody knows":   {"Connection: upgrade", "Upgrade: nonsense/99"},
		"it without a name":   {"Connection: Upgrade", "Upgrade: "},
		"it, and then nobody": {"Upgrade: websocket", "Sec-WebSocket-Key: x"},
	}, attack{want: []int{http.StatusOK}}, func(lines []string) string { return w.ask("GET", "/api/v1/orders", w.bob, lines...).String() })...)
	return append(all, attack{
		name: "request that expects a miracle", wire: w.ask("POST", "/api/v1/orders", w.bob, "Expect: a-miracle", "Content-Length: 0").String(),
		want: []int{http.StatusExpectationFailed}, plain: true,
	})
}

// What is hidden in the body of a request never becomes a request of its own: the gateway reads the body to its end, or
// closes the connection. Where two lengths contradict each other, it reads them in one way only.
func TestRequests_hideNoOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop)
	cancel := w.ask("POST", "/api/v1/orders/"+w.order.ID+"/cancel", w.alice, "Content-Length: 0").String()
	length := fmt.Sprintf("Content-Length: %d", len(cancel))
	carrier := w.ask("POST", "/api/v1/orders", w.bob, "Content-Type: application/json")
	for name, tt := range map[string]struct {
		lines []string
		body  string
	}{
		"a length":                  {[]string{length}, cancel},
		"a chunk":                   {[]string{"Transfer-Encoding: chunked"}, chunked(cancel)},
		"two lengths":               {[]string{"Content-Length: 0", length}, cancel},
		"chunks against a length":   {[]string{"Content-Length: 4", "Transfer-Encoding: chunked"}, chunked(cancel)},
		"a coding that is none":     {[]string{"Transfer-Encoding: xchunked"}, "0\r\n\r\n" + cancel},
		"a coding with a space":     {[]string{"Transfer-Encoding : chunked"}, "0\r\n\r\n" + cancel},
		"a length with a sign":      {[]string{"Content-Length: +0"}, cancel},
		"an expectation":            {[]string{"Expect: 100-continue", length}, cancel},
		"a wish for a web socket":   {[]string{"Connection: Upgrade", "Upgrade: websocket", length}, cancel},
		"a wish for HTTP/2":         {[]string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__", length}, cancel},
		"a length that is too long": {[]string{fmt.Sprintf("Content-Length: %d", 300<<10)}, cancel + strings.Repeat(" ", 300<<10-len(cancel))},
	} {
		t.Run(name, func(t *testing.T) {
			m := carrier.and(tt.lines...)
			m.body = tt.body
			expectNoneHidden(t, w, m)
		})
	}
	t.Run("a body of a GET", func(t *testing.T) {
		m := w.ask("GET", "/api/v1/orders", w.bob, length)
		m.body = cancel
		expectNoneHidden(t, w, m)
	})
	if order := w.Order(t, w.alice, w.order.ID); order.Status != "confirmed" {
		t.Errorf("a request that was hidden was carried out: %+v", order)
	}
}

// expectNoneHidden sends a request and another after it: what comes after the answer to the first is the answer to the
// other, or the end.
func expectNoneHidden(t *testing.T, w *world, m message) {
	t.Helper()
	conn := w.dial(t)
	defer conn.Close()
	next := w.ask("GET", "/api/v1/auth/profile/mine", w.bob, "Connection: close").String()
	_, _ = io.WriteString(conn, m.String()+next) // the connection may be closed before all is written
	reader := bufio.NewReader(conn)
	answer, err := read(reader, m.method)
	if err == nil && answer.Status == http.StatusContinue {
		answer, err = read(reader, m.method)
	}
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	harmless(t, answer, true)
	if answer, err := read(reader, m.method); err == nil && !strings.Contains(string(answer.Body), w.bob.ID) {
		t.Errorf("what was hidden was answered: %s", answer)
	}
	if answer, err := read(reader, m.method); err == nil {
		t.Errorf("there is one answer too many: %s", answer)
	}
}

// Bytes that follow a request are the next request of the same client, with the rights that it shows itself.
func TestRequests_onOneConnectionShareNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop)
	conn := w.dial(t)
	defer conn.Close()
	mine := w.ask("GET", "/api/v1/auth/profile/mine", w.alice)
	anonymous := w.ask("GET", "/api/v1/auth/profile/mine", client.User{})
	keyless := mine.without("X-Api-Key")
	must.Get(io.WriteString(conn, mine.String()+anonymous.String()+keyless.String()+mine.String()))(t)
	reader := bufio.NewReader(conn)
	for i, want := range []int{200, 401, 401, 200} {
		answer, err := read(reader, "GET ")
		if err != nil || answer.Status != want {
			t.Fatalf("request %d: got %s, %v; want %d", i+1, answer, err, want)
		}
	}
}
