package servers

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"stoa/pkg/common/must"
)

// Redis is a server until the test ends. The test is skipped where there is none.
func Redis(t testing.TB) *Server {
	t.Helper()
	if err := Find("redis"); err != nil {
		t.Skipf("NOT TESTED: %v", err)
	}
	redis := must.Get(Start(t.Context(), "redis"))(t)
	t.Cleanup(func() { must.Do(t, redis.Stop()) })
	return redis
}

func findRedis() error {
	_, err := program("redis-server")
	return needs("redis-server", err)
}

// prepareRedis runs Redis with a log that is written before each answer. With `everysec`, its default, answers may run two
// seconds ahead of the log while the disk is busy, and kill -9 loses what was acknowledged.
func prepareRedis(ctx context.Context, s *Server) error {
	path, err := program("redis-server")
	if err != nil {
		return err
	}
	if s.Version, err = version(ctx, "Redis", path); err != nil {
		return err
	}
	port, err := s.ports.Take()
	if err != nil {
		return err
	}
	secret := password()
	s.Secrets["REDIS_HOST"], s.Secrets["REDIS_PASSWORD"] = at(port), secret
	s.run(process{
		command: []string{
			path, "--bind", loopback, "--port", strconv.Itoa(port), "--dir", s.dir, "--requirepass", secret,
			"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction",
		},
		ready: answers(port, fmt.Sprintf("AUTH %s\r\nPING\r\n", secret), "+PONG"),
	})
	return nil
}
