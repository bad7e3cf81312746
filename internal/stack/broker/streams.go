package broker

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

	"stoa/internal/stack/description"
	"stoa/internal/stack/state"
)

const (
	// keepEvents is how long a stream keeps an event, consumed or not, because a new consumer gets earlier events too.
	keepEvents = 30 * 24 * time.Hour
	// deadLetters is a stream that keeps almost all duplicates: the kit gives the dead letter of each consumer its own id, but
	// apps without the kit may publish several under one id.
	deadLetters = "dead-letters"
	// shortestWindow is the shortest window for duplicates that JetStream accepts.
	shortestWindow = 100 * time.Millisecond
	// retryEvery and retryLimit are the interval and the limit of the attempts to create streams while the broker starts.
	retryEvery = 30 * time.Millisecond
	retryLimit = 90 * time.Second
)

// Streams are the durable consumers of each JetStream stream, by the stream's name.
//
// Sidecars do not create streams. They create missing consumers, but not safely: if replicas of an app start together, each
// creates the consumer with its own delivery subject. The last one wins, and the others receive nothing, without an error,
// until they restart (components-contrib v1.18.3, pubsub/jetstream/jetstream.go, Subscribe). If the consumer exists, all of
// them use it.
type Streams map[string][]jetstream.ConsumerConfig

// StreamsOf reads the streams and their consumers from the components: `subscriptionScopes` names the consuming apps.
func StreamsOf(resources []description.Resource) (Streams, error) {
	all := Streams{}
	for _, r := range resources {
		if !r.OnJetStream() {
			continue
		}
		name := r.Value("streamName")
		if _, known := all[name]; !known {
			all[name] = nil
		}
		for _, app := range subscribers(r, name) {
			consumer, err := consumerOf(r, app, name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", state.ShortPath(r.File), err)
			}
			all[name] = append(all[name], consumer)
		}
	}
	return all, nil
}

// subscribers lists the apps that may subscribe to a topic, from the component's scopes: "app=topic,topic;app=".
func subscribers(r description.Resource, topic string) []string {
	var apps []string
	for entry := range strings.SplitSeq(r.Value("subscriptionScopes"), ";") {
		app, topics, _ := strings.Cut(strings.TrimSpace(entry), "=")
		if slices.Contains(strings.Split(topics, ","), topic) {
			apps = append(apps, app)
		}
	}
	return apps
}

// consumerOf is the durable consumer for the app's sidecar. It has to equal the one that the sidecar would create, because
// the sidecar refuses any other.
func consumerOf(r description.Resource, app, topic string) (jetstream.ConsumerConfig, error) {
	setting := func(name string) string { return strings.ReplaceAll(r.Value(name), "{appID}", app) }
	config := jetstream.ConsumerConfig{
		Durable: setting("durableName"), DeliverGroup: setting("queueGroupName"), FilterSubject: topic,
		DeliverPolicy: jetstream.DeliverAllPolicy, AckPolicy: jetstream.AckExplicitPolicy,
	}
	config.DeliverSubject = "deliver." + config.Durable
	if config.Durable == "" || setting("deliverPolicy") != "all" || setting("ackPolicy") != "explicit" {
		return config, errors.New("durableName, deliverPolicy all and ackPolicy explicit are required; other settings lose events")
	}
	if pending := setting("maxAckPending"); pending != "" {
		n, err := strconv.Atoi(pending)
		if err != nil {
			return config, fmt.Errorf("maxAckPending: %q is not a number", pending)
		}
		config.MaxAckPending = n
	}
	if pauses := setting("backOff"); pauses != "" {
		for text := range strings.SplitSeq(pauses, ",") {
			pause, err := time.ParseDuration(strings.TrimSpace(text))
			if err != nil {
				return config, fmt.Errorf("backOff: %q is not a duration", text)
			}
			config.BackOff = append(config.BackOff, pause)
		}
	}
	return config, nil
}

// Ensure creates the streams, which are on disk, and their consumers, or updates existing ones.
func (s Streams) Ensure(ctx context.Context, address string) error {
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

// retry calls Ensure until it succeeds.
func (s Streams) retry(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, retryLimit)
	defer cancel()
	ticks := time.NewTicker(retryEvery)
	defer ticks.Stop()
	for {
		err := s.Ensure(ctx, address)
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

// ensureConsumer creates or updates a consumer. It keeps the delivery subject, because a sidecar may be listening there.
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
