package stack

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
)

// connect connects to the broker of a stack.
func connect(t *testing.T, s *Stack) jetstream.JetStream {
	t.Helper()
	values := must.Get(secrets.Read(s.Dir()))(t)
	conn := must.Get(nats.Connect(values[secrets.BrokerURL], nats.ReconnectWait(20*time.Millisecond), nats.MaxReconnects(-1)))(t)
	t.Cleanup(conn.Close)
	return must.Get(jetstream.New(conn))(t)
}

func TestStack_losesNoAcknowledgedMessageWithTheBroker(t *testing.T) {
	s, _ := startFake(t, nil)
	js := connect(t, s)
	published := make(chan int)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		acknowledged := 0
		for i := 0; ctx.Err() == nil; i++ {
			limited, done := context.WithTimeout(ctx, time.Second)
			if _, err := js.Publish(limited, "orders", fmt.Appendf(nil, "%d", i)); err == nil {
				acknowledged++
			}
			done()
		}
		published <- acknowledged
	}()
	pid := find(t, s, KindBroker).PID
	count := func() uint64 {
		stream, err := js.Stream(t.Context(), "orders")
		if err != nil {
			return 0
		}
		return stream.CachedInfo().State.Msgs
	}
	eventually(t, "messages before the kill", func() bool { return count() > 100 })
	must.Do(t, s.Signal(KindBroker, syscall.SIGKILL))
	eventually(t, "the broker is back", func() bool {
		broker := find(t, s, KindBroker)
		return broker.State == StateReady && broker.PID != pid
	})
	before := count()
	eventually(t, "messages after the kill", func() bool { return count() > before })
	cancel()
	if acknowledged := <-published; count() < uint64(acknowledged) {
		t.Errorf("%d messages are there, %d were acknowledged", count(), acknowledged)
	}
}

func TestStart_makesConsumersBeforeTheSidecars(t *testing.T) {
	s, _ := startFake(t, nil)
	js := connect(t, s)
	for _, app := range []string{"worker", "clerk"} {
		if _, err := js.PushConsumer(t.Context(), "orders", app+"-orders"); err != nil {
			t.Errorf("%s: %v", app, err)
		}
	}
}
