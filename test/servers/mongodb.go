package servers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// mongoVariable names the environment variable with the URL of a MongoDB that somebody else runs.
const mongoVariable = "MONGODB_URL"

func findMongoDB() error {
	if os.Getenv(mongoVariable) != "" {
		return nil
	}
	if _, err := program("mongod"); err == nil {
		return nil
	}
	if err := findJVM("mongodb"); err != nil {
		return fmt.Errorf("there is no mongod on this machine, and for a stand-in %w", err)
	}
	return nil
}

// prepareMongoDB takes the server that it is told of, else runs mongod where there is one, else a stand-in that speaks its
// protocol.
func prepareMongoDB(ctx context.Context, s *Server) error {
	if address := os.Getenv(mongoVariable); address != "" {
		s.foreign, s.Version, s.Secrets[mongoVariable] = true, "MongoDB at "+mongoVariable, address
		return nil
	}
	port, err := s.ports.Take()
	if err != nil {
		return err
	}
	s.Secrets[mongoVariable] = "mongodb://" + at(port)
	if mongod, err := program("mongod"); err == nil {
		return prepareMongod(ctx, s, mongod, port)
	}
	return prepareStandIn(ctx, s, port)
}

func prepareMongod(ctx context.Context, s *Server, mongod string, port int) (err error) {
	if s.Version, err = version(ctx, "MongoDB", mongod); err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	s.run(process{
		command: []string{mongod, "--dbpath", data, "--bind_ip", loopback, "--port", strconv.Itoa(port), "--nounixsocket"},
		ready:   listens(port),
	})
	return os.Mkdir(data, 0o700)
}

func prepareStandIn(ctx context.Context, s *Server, port int) error {
	classPath, err := fetchJars(ctx, "mongodb")
	if err != nil {
		return err
	}
	java, err := program("java")
	if err != nil {
		return err
	}
	text, err := projects.ReadFile("maven/Mongo.java")
	if err != nil {
		return err
	}
	source := filepath.Join(s.dir, "Mongo.java")
	if err := os.WriteFile(source, text, 0o600); err != nil {
		return err
	}
	s.StandIn = "mongo-java-server 1.47.0, with two additions of ours, in place of a real MongoDB"
	s.Version = s.StandIn
	s.run(process{
		command: []string{
			java, "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
			"-cp", classPath, source, strconv.Itoa(port), filepath.Join(s.dir, "data"),
		},
		ready: listens(port),
	})
	return nil
}
