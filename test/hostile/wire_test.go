package hostile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// message is a request as it is put on the wire: nothing is cleaned, checked or added.
type message struct {
	method, target string
	headers        []string // lines, "Name: value"
	body           string
}

// ask is a request of somebody to a path, with what a request of a good client has, and these lines besides.
func (w *world) ask(method, target string, as client.User, lines ...string) message {
	m := message{method: method, target: target, headers: []string{"Host: " + w.address(), "X-Api-Key: " + w.APIKey}}
	if as.Token != "" {
		m.headers = append(m.headers, "Authorization: Bearer "+as.Token)
	}
	m.headers = append(m.headers, lines...)
	return m
}

// with gives the message a body of JSON, of which it says the length.
func (m message) with(body string) message {
	m.body = body
	return m.and("Content-Type: application/json", fmt.Sprintf("Content-Length: %d", len(body)))
}

// and adds lines to the header.
func (m message) and(lines ...string) message {
	m.headers = append(m.headers[:len(m.headers):len(m.headers)], lines...)
	return m
}

// without drops a line of the header.
func (m message) without(name string) message {
	var kept []string
	for _, line := range m.headers {
		if !strings.HasPrefix(line, name+":") {
			kept = append(kept, line)
		}
	}
	m.headers = kept
	return m
}

// String is the message on the wire.
func (m message) String() string {
	return m.method + " " + m.target + " HTTP/1.1\r\n" + strings.Join(m.headers, "\r\n") + "\r\n\r\n" + m.body
}

// chunked is a body in one chunk.
func chunked(body string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body) }

// send puts text on a new connection and returns the answer with its body read.
func (w *world) send(t *testing.T, text string) client.Answer {
	t.Helper()
	conn := w.dial(t)
	defer conn.Close()
	// What is refused early is not read to its end: then writing fails, and the answer is there all the same.
	_, _ = io.WriteString(conn, text)
	answer, err := read(bufio.NewReader(conn), text)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	return answer
}

func (w *world) dial(t *testing.T) net.Conn {
	t.Helper()
	conn := must.Get(net.Dial("tcp", w.address()))(t)
	must.Do(t, conn.SetDeadline(time.Now().Add(system.Patience)))
	return conn
}

// read takes the answer to text off a connection. Of a stream it takes the beginning.
func read(from *bufio.Reader, text string) (client.Answer, error) {
	method, _, _ := strings.Cut(text, " ")
	response, err := http.ReadResponse(from, &http.Request{Method: method})
	if err != nil {
		return client.Answer{}, err
	}
	var body bytes.Buffer
	if response.Header.Get("Content-Type") == "text/event-stream" {
		_, err = io.CopyN(&body, response.Body, 1) // to close it would read it to its end
	} else {
		_, err = body.ReadFrom(response.Body)
		response.Body.Close()
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // the connection was closed upon a client that was still sending
	}
	return client.Answer{Status: response.StatusCode, Header: response.Header, Body: body.Bytes()}, err
}
