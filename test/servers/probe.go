package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
)

// answers is true for a server that sends want, somewhere in the beginning of its answer, when it is sent ask.
func answers(port int, ask, want string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", at(port))
		if err != nil {
			return err
		}
		defer conn.Close()
		if deadline, ok := ctx.Deadline(); ok {
			_ = conn.SetDeadline(deadline)
		}
		if _, err := conn.Write([]byte(ask)); err != nil {
			return err
		}
		var got []byte
		for buf := make([]byte, 512); ; {
			n, err := conn.Read(buf)
			got = append(got, buf[:n]...)
			if len(got) > 0 && bytes.Contains(got, []byte(want)) {
				return nil
			}
			if err != nil {
				return errors.Join(fmt.Errorf("it answers %q", got), err)
			}
		}
	}
}

// listens is true for a server that takes connections.
func listens(port int) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", at(port))
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

func at(port int) string { return fmt.Sprintf("%s:%d", loopback, port) }
