package broker

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"gopkg.in/yaml.v3"

	"stoa/internal/stack/description"
	"stoa/pkg/common/must"
)

// streamsFrom reads the component of the tests after replacing a text in it.
func streamsFrom(t *testing.T, was, is string) (Streams, error) {
	t.Helper()
	text := must.Get(os.ReadFile("../testdata/bus/orders.yaml"))(t)
	var r description.Resource
	must.Do(t, yaml.Unmarshal([]byte(strings.Replace(string(text), was, is, 1)), &r))
	return StreamsOf([]description.Resource{r})
}

func TestEnsure_makesStreamsThatLoseNothing(t *testing.T) {
	_, address, _ := start(t)
	js := connect(t, address)
	for range 2 {
		must.Do(t, (Streams{"orders": nil, deadLetters: nil}).Ensure(t.Context(), address))
	}
	for topic, window := range map[string]time.Duration{"orders": 2 * time.Minute, deadLetters: shortestWindow} {
		stream := must.Get(js.Stream(t.Context(), topic))(t)
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

func TestEnsure_makesAndUpdatesConsumers(t *testing.T) {
	_, address, _ := start(t)
	js := connect(t, address)
	config := func(name string) jetstream.ConsumerConfig {
		consumer, err := js.PushConsumer(t.Context(), "orders", name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return consumer.CachedInfo().Config
	}
	for _, app := range []string{"worker", "clerk"} {
		got := config(app + "-orders")
		if got.DeliverGroup != app || got.AckPolicy != jetstream.AckExplicitPolicy || got.MaxAckPending != 16 ||
			len(got.BackOff) != 2 || got.BackOff[0] != 10*time.Second {
			t.Errorf("%s: %+v", app, got)
		}
	}
	if _, err := js.PushConsumer(t.Context(), "orders", "shop-orders"); err == nil {
		t.Error("an app that must not subscribe has a consumer")
	}
	changed := must.Get(streamsFrom(t, `"16"`, `"17"`))(t)
	changed["orders"][0].DeliverSubject = "elsewhere"
	if err := changed.Ensure(t.Context(), address); err != nil {
		t.Fatalf("with another setting: %v", err)
	}
	if got := config("worker-orders"); got.MaxAckPending != 17 || got.DeliverSubject != "deliver.worker-orders" {
		t.Errorf("want the changed setting and the same delivery subject, got %+v", got)
	}
}

// Replicas that start together ask for the same consumer at the same time, as the component of a sidecar does. Each of them
// has to get events.
func TestEnsure_letsReplicasThatStartTogetherAllReceive(t *testing.T) {
	_, address, _ := start(t)
	js := connect(t, address)
	const replicas, events = 5, 200
	received, together := make([]chan struct{}, replicas), make(chan struct{})
	var all sync.WaitGroup
	for i := range replicas {
		received[i] = make(chan struct{}, events)
		conn := must.Get(nats.Connect(address))(t)
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
	for range events {
		must.Get(js.Publish(t.Context(), "orders", nil))(t)
	}
	for i := range replicas {
		select {
		case <-received[i]:
		case <-time.After(patience):
			t.Errorf("replica %d received nothing", i)
		}
	}
}

func TestStreamsOf_refusesSettingsThatLoseEvents(t *testing.T) {
	for was, is := range map[string]string{
		`{name: durableName, value: "{appID}-orders"}`: `{name: durableName, value: ""}`,
		"{name: deliverPolicy, value: all}":            "{name: deliverPolicy, value: new}",
		"{name: ackPolicy, value: explicit}":           "{name: ackPolicy, value: none}",
		`value: "10s, 20s"`:                            `value: "soon"`,
		`value: "16"`:                                  `value: "many"`,
	} {
		if _, err := streamsFrom(t, was, is); err == nil {
			t.Errorf("%s was accepted", is)
		}
	}
}
