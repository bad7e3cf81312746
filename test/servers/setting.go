package servers

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"time"
)

// Set writes a key into one of a Redis server's databases, as an operator would with redis-cli.
func (s *Server) Set(ctx context.Context, database int, key, value string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Secrets["REDIS_HOST"])
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	answers := bufio.NewReader(conn)
	for _, command := range [][]string{{"AUTH", s.Secrets["REDIS_PASSWORD"]}, {"SELECT", fmt.Sprint(database)}, {"SET", key, value}} {
		fmt.Fprintf(conn, "*%d\r\n", len(command))
		for _, word := range command {
			fmt.Fprintf(conn, "$%d\r\n%s\r\n", len(word), word)
		}
		if answer, err := answers.ReadString('\n'); err != nil || !strings.HasPrefix(answer, "+OK") {
			return fmt.Errorf("redis answered %s with %q (%v)", command[0], answer, err)
		}
	}
	return nil
}
