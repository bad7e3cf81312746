package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
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

// RunBroker runs the embedded broker on the state directory dir until ctx ends. Log lines go to out as JSON.
//
// JetStream writes each message to the file before it acknowledges it (one replica, default persistence), so that
// killing the process loses nothing that was acknowledged. It does not wait for the disk: a power cut may cost the last
// moments.
func RunBroker(ctx context.Context, dir string, out io.Writer) error {
	secrets, err := readSecrets(dir)
	if err != nil {
		return err
	}
	options, err := brokerOptions(dir, secrets)
	if err != nil {
		return err
	}
	srv, err := server.NewServer(options)
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	log := &brokerLog{out: out, fatal: make(chan string, 1)}
	srv.SetLogger(log, false, false)
	srv.Start()
	defer srv.WaitForShutdown()
	defer srv.Shutdown()
	select {
	case <-ctx.Done():
		return nil
	case reason := <-log.fatal:
		return fmt.Errorf("broker: %s", reason)
	}
}

func brokerOptions(dir string, secrets map[string]string) (*server.Options, error) {
	address, err := brokerAddress(secrets)
	if err != nil {
		return nil, err
	}
	port, err := parsePort(address.Port())
	if err != nil {
		return nil, err
	}
	password, _ := address.User.Password()
	return &server.Options{
		ServerName: "stoa", Host: address.Hostname(), Port: port,
		Username: address.User.Username(), Password: password,
		JetStream: true, StoreDir: filepath.Join(dir, StateFolder, "data", "nats"),
		NoSigs: true, // RunBroker's context says when to stop
	}, nil
}

func brokerAddress(secrets map[string]string) (*url.URL, error) {
	address, err := url.Parse(secrets[secretBroker])
	if err != nil {
		return nil, errors.New("it is not a URL") // the parser's own error would show the password
	}
	if address.Scheme != "nats" || address.Port() == "" || address.User == nil {
		return nil, errors.New("it is not of the form nats://user:password@host:port")
	}
	return address, nil
}

// ensureStreams makes one stream on disk for each topic, or brings an existing one up to date.
func ensureStreams(ctx context.Context, address string, topics []string) error {
	conn, err := nats.Connect(address, nats.NoReconnect(), nats.Timeout(time.Second))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	for _, topic := range topics {
		config := jetstream.StreamConfig{
			Name: topic, Subjects: []string{topic}, Storage: jetstream.FileStorage,
			Retention: jetstream.LimitsPolicy, MaxAge: keepEvents,
		}
		if topic == deadLetters {
			config.Duplicates = shortestWindow
		}
		if _, err := js.CreateOrUpdateStream(ctx, config); err != nil {
			return fmt.Errorf("stream %s: %w", topic, err)
		}
	}
	return nil
}

// brokerLog writes the server's log in the form of the other processes'. The server calls Fatalf and goes on, so the
// first such message is handed to RunBroker.
type brokerLog struct {
	out   io.Writer
	fatal chan string
}

func (l *brokerLog) write(level, format string, args []any) string {
	message := strings.TrimSpace(fmt.Sprintf(format, args...))
	_ = json.NewEncoder(l.out).Encode(LogLine{Time: time.Now().UTC(), Level: level, Message: message})
	return message
}

// Noticef, Warnf, Errorf, Fatalf, Debugf and Tracef are what the server asks of a logger.
func (l *brokerLog) Noticef(format string, args ...any) { l.write("info", format, args) }
func (l *brokerLog) Warnf(format string, args ...any)   { l.write("warn", format, args) }
func (l *brokerLog) Errorf(format string, args ...any)  { l.write("error", format, args) }
func (l *brokerLog) Debugf(string, ...any)              {}
func (l *brokerLog) Tracef(string, ...any)              {}
func (l *brokerLog) Fatalf(format string, args ...any) {
	message := l.write("fatal", format, args)
	select {
	case l.fatal <- message:
	default:
	}
}
