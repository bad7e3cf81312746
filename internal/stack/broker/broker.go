// Package broker runs the embedded broker, NATS JetStream, and creates its streams and their consumers.
package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
)

// Run runs the broker on the state directory dir until ctx ends. It logs JSON lines to out.
//
// JetStream writes a message to a file before it acknowledges it (one replica, default persistence), so a killed process
// loses no acknowledged message. It does not wait for the disk, so a power cut may lose the last moments.
func Run(ctx context.Context, dir string, out io.Writer) error {
	values, err := secrets.Read(dir)
	if err != nil {
		return err
	}
	address, port, err := values.Broker()
	if err != nil {
		return err
	}
	password, _ := address.User.Password()
	srv, err := server.NewServer(&server.Options{
		ServerName: "stoa", Host: address.Hostname(), Port: port,
		Username: address.User.Username(), Password: password,
		JetStream: true, StoreDir: state.Path(dir, "data", "nats"),
		NoSigs: true, // ctx stops it
	})
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	log := &logger{out: out, fatal: make(chan string, 1)}
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

// RunWithStreams does what [Run] does, and creates the streams and consumers of the components in folder.
func RunWithStreams(ctx context.Context, dir, folder string, out io.Writer) error {
	resources, err := description.LoadResources(folder)
	if err != nil {
		return err
	}
	streams, err := StreamsOf(resources)
	if err != nil {
		return err
	}
	values, err := secrets.Read(dir)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() {
		if err := streams.retry(ctx, values[secrets.BrokerURL]); err != nil {
			end(err)
		}
	}()
	if err := Run(ctx, dir, out); err != nil {
		return err
	}
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// logger writes the server's log as JSON, as the other processes do. The server continues after it calls Fatalf, so the
// first such message goes to Run, which ends.
type logger struct {
	out   io.Writer
	fatal chan string
}

func (l *logger) write(level, format string, args []any) string {
	message := strings.TrimSpace(fmt.Sprintf(format, args...))
	_ = json.NewEncoder(l.out).Encode(map[string]any{"time": time.Now().UTC(), "level": level, "message": message})
	return message
}

// Noticef, Warnf, Errorf, Fatalf, Debugf and Tracef implement server.Logger.
func (l *logger) Noticef(format string, args ...any) { l.write("info", format, args) }
func (l *logger) Warnf(format string, args ...any)   { l.write("warn", format, args) }
func (l *logger) Errorf(format string, args ...any)  { l.write("error", format, args) }
func (l *logger) Debugf(string, ...any)              {}
func (l *logger) Tracef(string, ...any)              {}
func (l *logger) Fatalf(format string, args ...any) {
	message := l.write("fatal", format, args)
	select {
	case l.fatal <- message:
	default:
	}
}
