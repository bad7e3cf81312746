package servers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// redisClient speaks to a Redis server as redis-cli does.
type redisClient struct {
	net.Conn
	answers *bufio.Reader
}

// redis connects to one of the databases of a Redis server.
func (s *Server) redis(ctx context.Context, database int) (*redisClient, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Secrets["REDIS_HOST"])
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	c := &redisClient{conn, bufio.NewReader(conn)}
	for _, command := range [][]string{{"AUTH", s.Secrets["REDIS_PASSWORD"]}, {"SELECT", strconv.Itoa(database)}} {
		if _, err := c.call(command...); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return c, nil
}

// call sends a command, and returns the words of its answer.
func (c *redisClient) call(command ...string) ([]string, error) {
	fmt.Fprintf(c, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(c, "$%d\r\n%s\r\n", len(word), word)
	}
	words, err := c.read()
	if err != nil {
		return nil, fmt.Errorf("redis answered %s with %w", command[0], err)
	}
	return words, nil
}

// read reads one answer (https://redis.io/docs/latest/develop/reference/protocol-spec/). Lists in a list become one.
func (c *redisClient) read() (words []string, err error) {
	line, err := c.answers.ReadString('\n')
	if err != nil {
		return nil, err
	}
	kind, rest := line[0], strings.TrimSpace(line[1:])
	size, _ := strconv.Atoi(rest)
	switch kind {
	case '-':
		return nil, errors.New(rest)
	case '$':
		if size < 0 {
			return []string{""}, nil // there is no such thing
		}
		text := make([]byte, size+2)
		_, err := io.ReadFull(c.answers, text)
		return []string{string(text[:size])}, err
	case '*':
		for range size {
			some, err := c.read()
			if err != nil {
				return nil, err
			}
			words = append(words, some...)
		}
		return words, nil
	default:
		return []string{rest}, nil
	}
}

// Set writes a key into one of a Redis server's databases, as an operator would.
func (s *Server) Set(ctx context.Context, database int, key, value string) error {
	c, err := s.redis(ctx, database)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.call("SET", key, value)
	return err
}

// Documents returns what all keys of a Redis server have, but streams: there are the events of brokers.
func (s *Server) Documents(ctx context.Context) (map[string]string, error) {
	c, err := s.redis(ctx, 0)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	keys, err := c.call("KEYS", "*")
	all := map[string]string{}
	for _, key := range keys {
		kind, err := c.call("TYPE", key)
		if err != nil {
			return nil, err
		}
		read, known := map[string]string{"hash": "HGETALL", "string": "GET", "stream": "", "none": ""}[kind[0]]
		switch {
		case !known:
			return nil, fmt.Errorf("the key %s is a %s, which this cannot read", key, kind[0])
		case read == "":
			continue
		}
		words, err := c.call(read, key)
		if err != nil {
			return nil, err
		}
		all[key] = strings.Join(words, " ")
	}
	return all, err
}
