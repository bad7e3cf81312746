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
