package servers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

const debianPostgres = "/usr/lib/postgresql/*/bin/"

func findPostgres() error {
	var missing []error
	for _, name := range []string{"postgres", "initdb", "pg_isready"} {
		_, err := program(name, debianPostgres+name)
		missing = append(missing, err)
	}
	return needs("postgresql", missing...)
}

func preparePostgres(ctx context.Context, s *Server) error {
	path, err := program("postgres", debianPostgres+"postgres")
	if err != nil {
		return err
	}
	isReady, err := program("pg_isready", debianPostgres+"pg_isready")
	if err != nil {
		return err
	}
	if s.Version, err = version(ctx, "PostgreSQL", path); err != nil {
		return err
	}
	port, err := s.ports.Take()
	if err != nil {
		return err
	}
	account, err := unprivileged("postgres", s.dir)
	if err != nil {
		return err
	}
	secret, data := password(), filepath.Join(s.dir, "data")
	if err := initPostgres(ctx, account, data, secret); err != nil {
		return err
	}
	s.Address = at(port)
	s.Secrets["POSTGRES_URL"] = fmt.Sprintf("postgres://stoa:%s@%s/postgres?sslmode=disable", secret, at(port))
	s.run(process{
		command: []string{
			path, "-D", data, "-h", loopback, "-p", strconv.Itoa(port), "-c", "unix_socket_directories=", "-c", "max_connections=300",
		},
		user: account,
		ready: func(ctx context.Context) error {
			_, err := output(ctx, isReady, "-h", loopback, "-p", strconv.Itoa(port))
			return err
		},
	})
	return nil
}

func initPostgres(ctx context.Context, account *syscall.Credential, data, secret string) error {
	initdb, err := program("initdb", debianPostgres+"initdb")
	if err != nil {
		return err
	}
	file := data + ".password"
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		return err
	}
	if account != nil {
		if err := os.Chown(file, int(account.Uid), int(account.Gid)); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, initdb, "-D", data, "-U", "stoa", "--pwfile", file, "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--no-locale", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = filepath.Dir(data), &syscall.SysProcAttr{Credential: account}
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, text)
	}
	return nil
}
