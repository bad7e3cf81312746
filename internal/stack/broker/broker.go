// Package broker runs the embedded broker, NATS JetStream, and creates its streams and their consumers.
package broker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
)

// Settings say how the broker runs where it has a container of its own. Empty, it runs for one machine.
type Settings struct {
	Components string // create the streams and consumers of the components in this folder
	Listen     string // listen on this address; NATS_URL is a variable then, and the host in it a name that leads here
	Monitor    int    // a port for NATS's own monitoring, which shows names and numbers and no events; 0 is none
}

// Run runs the broker on the state directory dir until ctx ends. It logs JSON lines to out.
//
// JetStream writes a message to a file before it acknowledges it (one replica, default persistence), so a killed process
// loses no acknowledged message. It does not wait for the disk, so a power cut may lose the last moments.
func Run(ctx context.Context, dir string, settings Settings, out io.Writer) error {
	address, port, err := settings.address(dir)
	if err != nil {
		return err
	}
	if settings.Components == "" {
		return run(ctx, dir, address, port, settings, out)
	}
	resources, err := description.LoadResources(settings.Components)
	if err != nil {
		return err
	}
	streams, err := StreamsOf(resources)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() {
		if err := streams.retry(ctx, reachable(address, settings)); err != nil {
			end(err)
		}
	}()
	if err := run(ctx, dir, address, port, settings, out); err != nil {
		return err
	}
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// address is the address of the broker, with the user and the password of its clients.
func (s Settings) address(dir string) (*url.URL, int, error) {
	if s.Listen != "" {
		address, port, err := secrets.Values{secrets.BrokerURL: os.Getenv(secrets.BrokerURL)}.Broker()
		if err != nil {
			err = fmt.Errorf("the variable %s: %w", secrets.BrokerURL, err)
		}
		return address, port, err
	}
	values, err := secrets.Read(dir)
	if err != nil {
		return nil, 0, err
	}
	return values.Broker()
}

// reachable is the URL of the broker for this process. A name may lead here only when the broker is ready.
func reachable(address *url.URL, settings Settings) string {
	own := *address
	if settings.Listen != "" {
		own.Host = net.JoinHostPort("127.0.0.1", address.Port())
	}
	return own.String()
}

func run(ctx context.Context, dir string, address *url.URL, port int, settings Settings, out io.Writer) error {
	password, _ := address.User.Password()
	srv, err := server.NewServer(&server.Options{
		ServerName: "stoa", Host: cmp.Or(settings.Listen, address.Hostname()), Port: port,
		HTTPHost: settings.Listen, HTTPPort: settings.Monitor,
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
