package stack

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
)

// Where every part is a container of its own, nothing supervises them all: what [Stack.Start] does for a stack is done by
// the containers themselves, with the functions of this file.

// InitState writes the secrets of a first start into the state directory dir, with the embedded broker at brokerHost
// instead of loopback, and the given ones beside them. What is there already stays, but for these.
func InitState(dir, brokerHost string, given map[string]string) error {
	if err := os.MkdirAll(filepath.Join(dir, StateFolder), 0o700); err != nil {
		return err
	}
	secrets, err := readSecrets(dir)
	if errors.Is(err, fs.ErrNotExist) {
		secrets, err = freshSecrets()
	}
	if err != nil {
		return err
	}
	address, err := brokerAddress(secrets)
	if err != nil {
		return brokenSecret(dir, secretBroker, err)
	}
	address.Host = brokerHost
	secrets[secretBroker] = address.String()
	maps.Copy(secrets, given)
	if err := renewAPIKey(secrets); err != nil {
		return brokenSecret(dir, secretBootstrap, err)
	}
	return writePrivate(secretsFile(dir), secrets)
}

// RunBrokerFor is [RunBroker] that makes the streams and consumers of the components in folder as well.
func RunBrokerFor(ctx context.Context, dir, folder string, out io.Writer) error {
	resources, err := LoadResources(folder)
	if err != nil {
		return err
	}
	streams, err := streamsOf(resources)
	if err != nil {
		return err
	}
	secrets, err := readSecrets(dir)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() {
		if err := streams.await(ctx, secrets[secretBroker]); err != nil {
			end(err)
		}
	}()
	if err := RunBroker(ctx, dir, out); err != nil {
		return err
	}
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// Probe asks once whether what listens at address works: an http URL answers with a 2xx status, or a tcp URL takes a
// connection.
func Probe(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	target, err := url.Parse(address)
	if err != nil {
		return err
	}
	if target.Scheme == "tcp" {
		return connects(ctx, target.Host)
	}
	return answers(address)(ctx)
}

// connects takes up a connection and drops it.
func connects(ctx context.Context, address string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}
