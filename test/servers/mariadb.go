package servers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

func findMariaDB() error {
	_, server := program("mariadbd", "/usr/sbin/mariadbd")
	_, install := program("mariadb-install-db")
	return needs("mariadb-server", server, install)
}

func prepareMariaDB(ctx context.Context, s *Server) error {
	path, err := program("mariadbd", "/usr/sbin/mariadbd")
	if err != nil {
		return err
	}
	if s.Version, err = version(ctx, "MariaDB", path); err != nil {
		return err
	}
	port, err := s.ports.Take()
	if err != nil {
		return err
	}
	account, err := unprivileged("mysql", s.dir)
	if err != nil {
		return err
	}
	data, secret := filepath.Join(s.dir, "data"), password()
	common := []string{"--no-defaults", "--datadir=" + data}
	if account != nil {
		common = append(common, "--user=mysql")
	}
	install, err := program("mariadb-install-db")
	if err != nil {
		return err
	}
	if _, err := output(ctx, install, append(common, "--skip-test-db", "--auth-root-authentication-method=normal")...); err != nil {
		return err
	}
	first := filepath.Join(s.dir, "first.sql")
	if err := os.WriteFile(first, []byte(firstSQL(secret)), 0o644); err != nil {
		return err
	}
	s.Secrets["MARIADB_URL"] = fmt.Sprintf("stoa:%s@tcp(%s)/?collation_server=utf8mb4_nopad_bin", secret, at(port))
	s.run(process{
		command: append([]string{path}, append(common, "--bind-address="+loopback, "--port="+strconv.Itoa(port),
			"--socket="+filepath.Join(s.dir, "socket"), "--skip-name-resolve", "--init-file="+first, "--max-connections=300")...),
		ready: answers(port, "", "MariaDB"), // it greets whoever connects
	})
	return nil
}

// firstSQL makes the user at every start; the second time there is nothing to do.
func firstSQL(secret string) string {
	return fmt.Sprintf("CREATE USER IF NOT EXISTS 'stoa'@'%s' IDENTIFIED BY '%s';\nGRANT ALL ON *.* TO 'stoa'@'%s';\n",
		loopback, secret, loopback)
}
