package servers

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

func findKafka() error { return findJVM("kafka") }

// apiVersions is the first request of every client of Kafka: key 18, version 0, correlation id 7, no client id.
const apiVersions = "\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x07\xff\xff"

// prepareKafka runs one node that is broker and controller, without ZooKeeper.
func prepareKafka(ctx context.Context, s *Server) error {
	classPath, err := fetchJars(ctx, "kafka")
	if err != nil {
		return err
	}
	var ports [2]int
	for i := range ports {
		if ports[i], err = s.ports.Take(); err != nil {
			return err
		}
	}
	broker, controller := ports[0], ports[1]
	config := filepath.Join(s.dir, "server.properties")
	if err := os.WriteFile(config, []byte(kafkaConfig(s.dir, broker, controller)), 0o600); err != nil {
		return err
	}
	java, err := program("java")
	if err != nil {
		return err
	}
	command := []string{
		"-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", classPath,
	}
	var id [16]byte
	_, _ = rand.Read(id[:])
	id[0] &= 0x7f // so that its text does not begin with "-", which the tool would take for an option
	cluster := base64.RawURLEncoding.EncodeToString(id[:])
	format := append(command[:len(command):len(command)], "kafka.tools.StorageTool", "format", "-t", cluster, "-c", config)
	if _, err := output(ctx, java, format...); err != nil {
		return err
	}
	s.Version = "Kafka " + kafkaVersion()
	s.Secrets["KAFKA_BROKERS"] = at(broker)
	s.run(process{
		command: append(append([]string{java}, command...), "kafka.Kafka", config),
		ready:   answers(broker, apiVersions, "\x00\x00\x00\x07"),
	})
	return nil
}

// kafkaConfig has a topic made with its first use, in three parts that up to three replicas of a consumer share.
func kafkaConfig(dir string, broker, controller int) string {
	return fmt.Sprintf(`process.roles=broker,controller
node.id=1
controller.quorum.voters=1@%[3]s
listeners=PLAINTEXT://%[2]s,CONTROLLER://%[3]s
advertised.listeners=PLAINTEXT://%[2]s
controller.listener.names=CONTROLLER
log.dirs=%[1]s
num.partitions=3
offsets.topic.num.partitions=3
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
`, filepath.Join(dir, "data"), at(broker), at(controller))
}

func kafkaVersion() string {
	text, err := projects.ReadFile("maven/kafka.xml")
	if err != nil {
		return err.Error()
	}
	return string(regexp.MustCompile(`kafka_2.13</artifactId><version>(.*?)<`).FindSubmatch(text)[1])
}
