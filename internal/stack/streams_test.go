package stack

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"gopkg.in/yaml.v3"
)

// busFile is a component as components/bus/nats has it, for the topic "orders".
const busFile = `kind: Component
metadata: {name: pubsub-orders}
spec:
  type: pubsub.jetstream
  metadata:
    - {name: streamName, value: orders}
    - {name: durableName, value: "{appID}-orders"}
    - {name: queueGroupName, value: "{appID}"}
    - {name: deliverPolicy, value: all}
    - {name: ackPolicy, value: explicit}
    - {name: backOff, value: "10s, 20s"}
    - {name: maxAckPending, value: "16"}
    - {name: subscriptionScopes, value: "shop=;worker=orders;clerk=orders"}
`

func component(t *testing.T, text string) Resource {
	t.Helper()
	var r Resource
	if err := yaml.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func brokerURL(t *testing.T, s *Stack) string {
	t.Helper()
	secrets, err := readSecrets(s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	return secrets[secretBroker]
}

func TestStreams(t *testing.T) {
	s, _ := startFake(t, nil)
	js := connect(t, s)
	if err := (streams{"orders": nil, deadLetters: nil}).ensure(t.Context(), brokerURL(t, s)); err != nil {
		t.Fatalf("a second time: %v", err)
	}
	for topic, window := range map[string]time.Duration{"orders": 2 * time.Minute, deadLetters: shortestWindow} {
		stream, err := js.Stream(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		config := stream.CachedInfo().Config
		unlimited := config.MaxMsgs == -1 && config.MaxBytes == -1
		if config.Storage != jetstream.FileStorage || config.Retention != jetstream.LimitsPolicy || !unlimited {
			t.Errorf("%s could lose events: %+v", topic, config)
		}
		if config.Duplicates != window {
			t.Errorf("%s drops duplicates for %s, want %s", topic, config.Duplicates, window)
		}
	}
}

func TestConsumersAreThereBeforeTheSidecars(t *testing.T) {
	s, _ := startFake(t, nil)
	js := connect(t, s)
	info := func(name string) *jetstream.ConsumerInfo {
		consumer, err := js.PushConsumer(t.Context(), "orders", name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return consumer.CachedInfo()
	}
	for _, app := range []string{"worker", "clerk"} {
		got := info(app + "-orders").Config
		if got.DeliverGroup != app || got.AckPolicy != jetstream.AckExplicitPolicy || got.MaxAckPending != 16 ||
			len(got.BackOff) != 2 || got.BackOff[0] != 10*time.Second {
			t.Errorf("%s: %+v", app, got)
		}
	}
	if _, err := js.PushConsumer(t.Context(), "orders", "shop-orders"); err == nil {
		t.Error("who must not subscribe needs no consumer")
	}
	all, err := streamsOf([]Resource{component(t, busFile)})
	if err != nil {
		t.Fatal(err)
	}
	all["orders"][0].MaxAckPending = 17
	all["orders"][0].DeliverSubject = "elsewhere"
	if err := all.ensure(t.Context(), brokerURL(t, s)); err != nil {
		t.Fatalf("with another setting: %v", err)
	}
	if got := info("worker-orders").Config; got.MaxAckPending != 17 || got.DeliverSubject != "deliver.worker-orders" {
		t.Errorf("the setting changes and the place where it delivers stays, got %+v", got)
	}
}

// Replicas that start together ask for one consumer at the same time, in the way of a sidecar's component: each has to
// get events.
func TestReplicasThatStartTogetherAllReceive(t *testing.T) {
	s, _ := startFake(t, nil)
	const replicas, events = 5, 200
	received, together := make([]chan struct{}, replicas), make(chan struct{})
	var all sync.WaitGroup
	for i := range replicas {
		received[i] = make(chan struct{}, events)
		conn, err := nats.Connect(brokerURL(t, s))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Close)
		all.Go(func() {
			js, _ := conn.JetStream() // fails on bad options only
			<-together
			consumer, err := js.AddConsumer("orders", &nats.ConsumerConfig{
				DeliverSubject: nats.NewInbox(), Durable: "worker-orders", DeliverGroup: "worker", FilterSubject: "orders",
				AckPolicy: nats.AckExplicitPolicy, MaxAckPending: 16, BackOff: []time.Duration{10 * time.Second, 20 * time.Second},
			})
			if err != nil {
				t.Error(err)
				return
			}
			_, err = js.QueueSubscribe("orders", "worker", func(m *nats.Msg) {
				received[i] <- struct{}{}
				_ = m.Ack()
			}, nats.Bind("orders", consumer.Name))
			if err != nil {
				t.Error(err)
			}
		})
	}
	close(together)
	all.Wait()
	js := connect(t, s)
	for range events {
		if _, err := js.Publish(t.Context(), "orders", nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range replicas {
		select {
		case <-received[i]:
		case <-time.After(patience):
			t.Errorf("replica %d received nothing", i)
		}
	}
}

func TestSettingsThatLoseEventsAreRefused(t *testing.T) {
	for was, is := range map[string]string{
		`{name: durableName, value: "{appID}-orders"}`: `{name: durableName, value: ""}`,
		"{name: deliverPolicy, value: all}":            "{name: deliverPolicy, value: new}",
		"{name: ackPolicy, value: explicit}":           "{name: ackPolicy, value: none}",
		`value: "10s, 20s"`:                            `value: "soon"`,
		`value: "16"`:                                  `value: "many"`,
	} {
		if _, err := streamsOf([]Resource{component(t, strings.Replace(busFile, was, is, 1))}); err == nil {
			t.Errorf("%s was accepted", is)
		}
	}
}
