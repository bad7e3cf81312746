// Package security tests from outside, on the real processes, who is let in where: into apps, into sidecars, from one
// sidecar into another's app, and from other machines.
package security

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
	"stoa/internal/topology"
	"stoa/test/client"
)

// shop is the system that all tests share, with certificates between the sidecars.
var shop *client.Shop

// tokens are what apps and sidecars show each other in it.
var tokens secrets.Tokens

func TestMain(m *testing.M) {
	withCertificates := func(o *stack.Options) { o.MTLS = true }
	os.Exit(client.Main(m, func(started *client.Shop) error {
		shop = started
		text, err := os.ReadFile(filepath.Join(shop.Dir(), state.Folder, "tokens.json"))
		if err != nil {
			return err
		}
		return json.Unmarshal(text, &tokens)
	}, withCertificates))
}

// process is the app of that name, or, with .sidecar, its sidecar.
func process(t *testing.T, name string) stack.Process {
	t.Helper()
	for _, p := range shop.Processes() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("there is no process %s", name)
	return stack.Process{}
}

func apps() []string {
	var names []string
	for _, p := range shop.Processes() {
		if p.Kind == stack.KindApp {
			names = append(names, p.App)
		}
	}
	return names
}

// httpApps are those that other apps call by HTTP.
func httpApps(t *testing.T) []string {
	t.Helper()
	described, err := topology.Load(client.Root(t))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, app := range described.Apps {
		if app.Called() && app.Protocol == "http" {
			names = append(names, app.ID)
		}
	}
	return names
}

// send sends a request to a port of this machine, its path as it is, and returns status and body. The body goes in a
// chunk, so that a sidecar does not repeat a call that was refused.
func send(t *testing.T, method string, port int, path, body string, headers ...string) (int, string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), client.Patience)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(client.Patience)); err != nil {
		t.Fatal(err)
	}
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n", method, path)
	for i := 0; i < len(headers); i += 2 {
		head += headers[i] + ": " + headers[i+1] + "\r\n"
	}
	if body != "" {
		body = fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
	}
	if _, err := io.WriteString(conn, head+"\r\n"+body+"0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// ask sends a request to an API of an app's sidecar, as the app would.
func ask(t *testing.T, app, method, path, body string) (int, string) {
	t.Helper()
	port := process(t, app+".sidecar").Ports[description.PortHTTP]
	return send(t, method, port, path, body, "dapr-api-token", tokens.Dapr)
}

// dial connects to a port of this machine that speaks gRPC.
func dial(t *testing.T, port int) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func withToken(ctx context.Context, token string) context.Context {
	if token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "dapr-api-token", token)
}
