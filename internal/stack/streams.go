package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// keepEvents is how long a stream keeps an event, consumed or not. Streams are not emptied by their consumers: an
	// event that was published before a consumer first subscribed must still reach it.
	keepEvents = 30 * 24 * time.Hour
	// deadLetters is the stream where events with one id may come from several consumers.
	deadLetters = "dead-letters"
	// shortestWindow is the shortest time that JetStream accepts for dropping a second message with the same id.
	shortestWindow = 100 * time.Millisecond
)

// streams are the durable consumers of each JetStream stream, by the stream's name.
//
// Sidecars make none of the streams. They do make consumers, but not safely: replicas of an app that start together each
// ask for the consumer, find none, and create it with a delivery subject of their own; the last wins, and those before
// it listen where nothing arrives, without an error, until they restart (components-contrib v1.18.3,
// pubsub/jetstream/jetstream.go, Subscribe). A consumer that exists already is taken as it is by all.
type streams map[string][]jetstream.ConsumerConfig

// streamsOf reads the streams and their consumers out of the components: `subscriptionScopes` says which apps consume.
func streamsOf(resources []Resource) (streams, error) {
	all := streams{}
	for _, r := range resources {
		if !r.onJetStream() {
			continue
		}
		name := r.Value("streamName")
		if _, known := all[name]; !known {
			all[name] = nil
		}
		for _, app := range r.subscribers(name) {
			consumer, err := r.consumer(app, name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", shortPath(r.File), err)
			}
			all[name] = append(all[name], consumer)
		}
	}
	return all, nil
}

// onJetStream reports a component that publishes to a stream or reads from one.
func (r Resource) onJetStream() bool { return r.Kind == "Component" && r.Spec.Type == jetStream }

// subscribers lists the apps that the component's scopes let subscribe to a topic: "app=topic,topic;app=".
func (r Resource) subscribers(topic string) []string {
	var apps []string
	for entry := range strings.SplitSeq(r.Value("subscriptionScopes"), ";") {
		app, topics, _ := strings.Cut(strings.TrimSpace(entry), "=")
		if slices.Contains(strings.Split(topics, ","), topic) {
			apps = append(apps, app)
		}
	}
	return apps
}

// consumer is the durable consumer that the app's sidecar will ask for. The sidecar compares what it sets with what it
// finds, so the two have to agree.
func (r Resource) consumer(app, topic string) (jetstream.ConsumerConfig, error) {
	setting := func(name string) string { return strings.ReplaceAll(r.Value(name), "{appID}", app) }
	config := jetstream.ConsumerConfig{
		Durable: setting("durableName"), DeliverGroup: setting("queueGroupName"), FilterSubject: topic,
		DeliverPolicy: jetstream.DeliverAllPolicy, AckPolicy: jetstream.AckExplicitPolicy,
	}
	config.DeliverSubject = "deliver." + config.Durable
	if config.Durable == "" || setting("deliverPolicy") != "all" || setting("ackPolicy") != "explicit" {
		return config, errors.New("it needs a durableName, deliverPolicy all and ackPolicy explicit; anything else loses events")
	}
	if pending := setting("maxAckPending"); pending != "" {
		n, err := strconv.Atoi(pending)
		if err != nil {
			return config, fmt.Errorf("maxAckPending: %q is no number", pending)
		}
		config.MaxAckPending = n
	}
	if pauses := setting("backOff"); pauses != "" {
		for text := range strings.SplitSeq(pauses, ",") {
			pause, err := time.ParseDuration(strings.TrimSpace(text))
			if err != nil {
				return config, fmt.Errorf("backOff: %q is no duration", text)
			}
			config.BackOff = append(config.BackOff, pause)
		}
	}
	return config, nil
}

// ensure makes the streams on disk and their consumers, or brings existing ones up to date.
func (s streams) ensure(ctx context.Context, address string) error {
	conn, err := nats.Connect(address, nats.NoReconnect(), nats.Timeout(time.Second))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		config := jetstream.StreamConfig{
			Name: name, Subjects: []string{name}, Storage: jetstream.FileStorage,
			Retention: jetstream.LimitsPolicy, MaxAge: keepEvents,
		}
		if name == deadLetters {
			config.Duplicates = shortestWindow
		}
		stream, err := js.CreateOrUpdateStream(ctx, config)
		if err != nil {
			return fmt.Errorf("stream %s: %w", name, err)
		}
		for _, consumer := range s[name] {
			if err := ensureConsumer(ctx, stream, consumer); err != nil {
				return fmt.Errorf("stream %s: consumer %s: %w", name, consumer.Durable, err)
			}
		}
	}
	return nil
}

// await is ensure as soon as the broker at address answers; it tries as long as a start may take.
func (s streams) await(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	ticks := time.NewTicker(probeEvery)
	defer ticks.Stop()
	for {
		err := s.ensure(ctx, address)
		if err == nil {
			return nil
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return err
		}
	}
}

// ensureConsumer leaves an existing consumer where it delivers to: somebody may be listening there.
func ensureConsumer(ctx context.Context, stream jetstream.Stream, config jetstream.ConsumerConfig) error {
	known, err := stream.PushConsumer(ctx, config.Durable)
	switch {
	case err == nil:
		config.DeliverSubject = known.CachedInfo().Config.DeliverSubject
	case !errors.Is(err, jetstream.ErrConsumerNotFound):
		return err
	}
	_, err = stream.CreateOrUpdatePushConsumer(ctx, config)
	return err
}
