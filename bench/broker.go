package main

import (
	"context"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"stoa/internal/stack/secrets"
)

// broker is a connection to the embedded broker of a system.
type broker struct {
	conn   *nats.Conn
	stream jetstream.JetStream
}

// dialBroker returns nil for a system on another broker.
func dialBroker(s *system) (*broker, error) {
	if slices.Contains(s.flags, "--bus") {
		return nil, nil
	}
	values, err := secrets.Read(s.dir)
	if err != nil {
		return nil, err
	}
	conn, err := nats.Connect(values[secrets.BrokerURL])
	if err != nil {
		return nil, err
	}
	stream, err := jetstream.New(conn)
	return &broker{conn, stream}, err
}

func (b *broker) close() {
	if b != nil {
		b.conn.Close()
	}
}

// brokerLimit is how long one question to the broker may take.
const brokerLimit = 5 * time.Second

// published is how many events were ever published on a topic.
func (b *broker) published(topic string) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), brokerLimit)
	defer cancel()
	stream, err := b.stream.Stream(ctx, topic)
	if err != nil {
		return 0, err
	}
	return int(stream.CachedInfo().State.LastSeq), nil
}

// publish publishes an event, and returns when the broker has stored it.
func (b *broker) publish(ctx context.Context, topic, id string, event []byte) error {
	_, err := b.stream.Publish(ctx, topic, event, jetstream.WithMsgID(id))
	return err
}

// waiting is how many events of a topic an app has not handled yet.
func (b *broker) waiting(ctx context.Context, topic, app string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, brokerLimit)
	defer cancel()
	consumer, err := b.stream.PushConsumer(ctx, topic, app+"-"+topic)
	if err != nil {
		return 0, err
	}
	info := consumer.CachedInfo()
	return int(info.NumPending) + info.NumAckPending, nil
}
