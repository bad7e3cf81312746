package broker

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
)

// patience is how long a test waits for something that takes a moment on an idle machine.
const patience = 30 * time.Second

// start runs a broker with the streams of testdata/bus until the test ends or stops it. It returns the broker's directory
// and URL when the consumers exist.
func start(t *testing.T) (dir, address string, stop func() error) {
	t.Helper()
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	host := listener.Addr().String()
	listener.Close()
	dir = t.TempDir()
	must.Do(t, secrets.Init(dir, host, nil))
	values := must.Get(secrets.Read(dir))(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, dir, Settings{Components: "../testdata/bus"}, io.Discard) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	address = values[secrets.BrokerURL]
	js := connect(t, address)
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		_, err := js.PushConsumer(t.Context(), "orders", "clerk-orders")
		if err == nil {
			return dir, address, stop
		}
		if time.Now().After(deadline) {
			t.Fatalf("no consumers after %s: %v", patience, err)
		}
	}
}

func connect(t *testing.T, address string) jetstream.JetStream {
	t.Helper()
	conn := must.Get(nats.Connect(address, nats.RetryOnFailedConnect(true), nats.ReconnectWait(5*time.Millisecond), nats.MaxReconnects(-1)))(t)
	t.Cleanup(conn.Close)
	return must.Get(jetstream.New(conn))(t)
}

func TestRun_runsUntilItIsStopped(t *testing.T) {
	_, address, stop := start(t)
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := nats.Connect(address); err == nil {
		t.Error("a broker that has ended still accepts connections")
	}
}

func TestRun_requiresThePassword(t *testing.T) {
	_, address, _ := start(t)
	_, host, _ := strings.Cut(address, "@")
	if _, err := nats.Connect("nats://stoa:guess@" + host); err == nil {
		t.Error("connected with a wrong password")
	}
}

func TestRun_saysThatItCannotListen(t *testing.T) {
	dir, _, _ := start(t)
	if err := Run(t.Context(), dir, Settings{}, io.Discard); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("got %v", err)
	}
}

// In a container of its own the broker gets its address by a variable, whose host is a name, and listens everywhere.
func TestRun_inACluster(t *testing.T) {
	client, monitor := freePort(t), freePort(t)
	t.Setenv(secrets.BrokerURL, fmt.Sprintf("nats://stoa:secret@broker.invalid:%d", client))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	settings := Settings{Components: "../testdata/bus", Listen: "127.0.0.1", Monitor: monitor}
	go func() { ended <- Run(ctx, t.TempDir(), settings, io.Discard) }()
	js := connect(t, fmt.Sprintf("nats://stoa:secret@127.0.0.1:%d", client))
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if _, err := js.PushConsumer(t.Context(), "orders", "clerk-orders"); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("no consumers after %s: %v", patience, err)
		}
	}
	answer := must.Get(http.Get(fmt.Sprintf("http://127.0.0.1:%d/healthz", monitor)))(t)
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("the monitor answers %d", answer.StatusCode)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
