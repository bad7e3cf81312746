package servers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"stoa/pkg/common/must"
)

// Prometheus runs with a configuration until the test ends, and returns its address. The test is skipped where there is none.
func Prometheus(t testing.TB, configuration []byte) (address string) {
	t.Helper()
	path, err := program("prometheus")
	if err := needs("prometheus", err); err != nil {
		t.Skipf("NOT TESTED: %v", err)
	}
	s := &Server{Kind: "prometheus", dir: t.TempDir()}
	port := must.Get(s.ports.Take())(t)
	file := filepath.Join(s.dir, "prometheus.yml")
	must.Do(t, os.WriteFile(file, configuration, 0o600))
	s.run(process{
		command: []string{
			path, "--config.file=" + file, "--storage.tsdb.path=" + filepath.Join(s.dir, "data"), "--web.listen-address=" + at(port),
		},
		ready: answers(port, "GET /-/ready HTTP/1.0\r\n\r\n", "200 OK"),
	})
	t.Cleanup(func() { must.Do(t, s.Stop()) })
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	must.Do(t, s.Restart(ctx))
	return fmt.Sprintf("http://%s", at(port))
}
