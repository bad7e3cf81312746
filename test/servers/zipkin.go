package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// StartZipkin runs Zipkin, which keeps traces in memory, and returns its address. It needs Java, and the first time Maven, which
// fetches 130 MB.
func StartZipkin(ctx context.Context) (*Server, string, error) {
	if err := findJVM("zipkin"); err != nil {
		return nil, "", err
	}
	jars, err := fetchJars(ctx, "zipkin")
	if err != nil {
		return nil, "", err
	}
	found, err := filepath.Glob(jars)
	if err != nil || len(found) != 1 {
		return nil, "", fmt.Errorf("%s are %d files, want one: %w", jars, len(found), err)
	}
	java, err := program("java")
	if err != nil {
		return nil, "", err
	}
	dir, err := os.MkdirTemp("", "stoa-zipkin-")
	if err != nil {
		return nil, "", err
	}
	s := &Server{Kind: "zipkin", Version: "Zipkin", dir: dir}
	port, err := s.ports.Take()
	if err != nil {
		return nil, "", errors.Join(err, s.Stop())
	}
	s.run(process{
		command: []string{
			java, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", found[0],
			fmt.Sprintf("--armeria.ports[0].port=%d", port), "--armeria.ports[0].ip=" + loopback, "--armeria.ports[0].protocols[0]=http",
		},
		ready: answers(port, "GET /health HTTP/1.1\r\nHost: "+at(port)+"\r\nConnection: close\r\n\r\n", "200 OK"),
	})
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := s.Restart(ctx); err != nil {
		return nil, "", errors.Join(err, s.Stop())
	}
	return s, "http://" + at(port), nil
}
