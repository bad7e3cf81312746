// Package security tests from outside, on the real processes, who is let in where: into apps, into sidecars, from one
// sidecar into another's app, and from other machines.
package security

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/topology"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// shop is the system that all tests share, with certificates between the sidecars.
var shop *client.Shop

// tokens are what apps and sidecars show each other in it.
var tokens secrets.Tokens

func TestMain(m *testing.M) {
	withCertificates := func(o *stack.Options) { o.MTLS = true }
	os.Exit(client.Main(m, func(started *client.Shop) (err error) {
		shop = started
		tokens, err = secrets.EnsureTokens(shop.Dir())
		return err
	}, withCertificates))
}

func apps() []string {
	var names []string
	for _, p := range shop.Apps() {
		names = append(names, p.App)
	}
	return names
}

// httpApps are those that other apps call by HTTP.
func httpApps(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, app := range must.Get(topology.Load(system.Root(t)))(t).Apps {
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
	conn := must.Get(net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), system.Patience))(t)
	defer conn.Close()
	must.Do(t, conn.SetDeadline(time.Now().Add(system.Patience)))
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n", method, path)
	for i := 0; i < len(headers); i += 2 {
		head += headers[i] + ": " + headers[i+1] + "\r\n"
	}
	if body != "" {
		body = fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
	}
	must.Get(io.WriteString(conn, head+"\r\n"+body+"0\r\n\r\n"))(t)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	return answer.StatusCode, string(must.Get(io.ReadAll(answer.Body))(t))
}

// ask sends a request to an API of an app's sidecar, as the app would.
func ask(t *testing.T, app, method, path, body string) (int, string) {
	t.Helper()
	port := shop.Process(t, app+".sidecar").Ports[description.PortHTTP]
	return send(t, method, port, path, body, "dapr-api-token", tokens.Dapr)
}

// dial connects to a port of this machine that speaks gRPC.
func dial(t *testing.T, port int) *grpc.ClientConn {
	t.Helper()
	return dialBy(t, port, insecure.NewCredentials())
}

func dialBy(t *testing.T, port int, by credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	conn := must.Get(grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(by)))(t)
	t.Cleanup(func() { conn.Close() })
	return conn
}

func withToken(ctx context.Context, token string) context.Context {
	if token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "dapr-api-token", token)
}
