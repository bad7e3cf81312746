package stack

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// losesNothing are the settings without which a component loses or holds back events; components/README.md says why.
var losesNothing = map[string]map[string]string{
	jetStream: {"concurrency": "single", "ackWait": "", "maxDeliver": "", "queueGroupName": "{appID}", "deliverPolicy": "all"},
	"pubsub.redis": {
		"consumerID": "{appID}", "concurrency": "1", "processingTimeout": "5000", "redeliverInterval": "2000", "maxLenApprox": "",
	},
	"pubsub.kafka": {"initialOffset": "oldest", "consumeRetryEnabled": "true", "backOffMaxRetries": "-1"},
	rabbitMQ: {
		"consumerID": "{appID}", "durable": "true", "deletedWhenUnused": "false", "deliveryMode": "2", "publisherConfirm": "true",
		"autoAck": "false", "requeueInFailure": "true", "prefetchCount": "1", "concurrency": "parallel",
	},
}

// ofTopic are the settings that name the topic.
var ofTopic = map[string]map[string]string{
	jetStream:      {"streamName": "", "durableName": "{appID}-"},
	"pubsub.kafka": {"consumerGroup": "{appID}-"},
}

// ofService are the settings that keep the documents of one service apart from those of others, besides the keys' prefix.
var ofService = map[string]map[string]string{
	"state.sqlite":     {"connectionString": ".stoa/data/%s.db?_pragma=synchronous(NORMAL)"},
	"state.redis":      {"ttlInSeconds": "-1"}, // the prefix alone
	"state.postgresql": {"tablePrefix": "%s_"},
	"state.mysql":      {"schemaName": "stoa_%s"},
	"state.mongodb":    {"databaseName": "stoa_%s", "writeConcern": "majority", "readConcern": "majority"},
}

// connections are the settings that say where a server is and how to enter it.
var connections = []string{"natsURL", "redisHost", "redisPassword", "brokers", "connectionString"}

// eachFolder runs a test on every folder of a kind of components.
func eachFolder(t *testing.T, kind string, check func(t *testing.T, folder map[string]Resource)) {
	desc := repository(t)
	names := foldersIn(filepath.Join(desc.Root, "components", kind))
	if len(names) < 4 {
		t.Errorf("only %v in components/%s", names, kind)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { check(t, load(t, desc, kind+"/"+name)) })
	}
}

func TestFolders_NoBusLosesEvents(t *testing.T) {
	eachFolder(t, "bus", func(t *testing.T, folder map[string]Resource) {
		for name, c := range folder {
			topic, isTopic := strings.CutPrefix(name, "pubsub-")
			if !isTopic {
				continue
			}
			checkSettings(t, c, losesNothing[c.Spec.Type], "")
			checkSettings(t, c, ofTopic[c.Spec.Type], topic)
			checkSecrets(t, c)
			checkBusPolicies(t, folder["pubsub"], c)
		}
	})
}

func TestFolders_NoStoreMixesServices(t *testing.T) {
	eachFolder(t, "store", func(t *testing.T, folder map[string]Resource) {
		for name, c := range folder {
			checkSettings(t, c, map[string]string{"keyPrefix": "name"}, "")
			for setting, want := range ofService[c.Spec.Type] {
				want = strings.ReplaceAll(want, "%s", strings.TrimSuffix(name, "-store"))
				checkSettings(t, c, map[string]string{setting: want}, "")
			}
			checkSecrets(t, c)
		}
	})
}

// checkSettings compares settings with what they have to be; ending is added to each.
func checkSettings(t *testing.T, c Resource, wanted map[string]string, ending string) {
	t.Helper()
	for setting, want := range wanted {
		if got := c.Value(setting); got != want+ending {
			t.Errorf("%s: %s is %q, want %q; see components/README.md", c.File, setting, got, want+ending)
		}
	}
}

// checkSecrets expects that a component reaches its server by secrets, and that there are such: a default that the first
// start writes, or an example that `stoa up` shows.
func checkSecrets(t *testing.T, c Resource) {
	t.Helper()
	references := 0
	for _, m := range c.Spec.Metadata {
		name := m.SecretKeyRef.Name
		if name == "" && slices.Contains(connections, m.Name) && c.Spec.Type != "state.sqlite" {
			t.Errorf("%s: %s has to come from a secret", c.File, m.Name)
		}
		if name == "" || name == secretBroker {
			continue
		}
		references++
		_, local := localServers[name]
		_, shown := examples[name]
		if local == shown {
			t.Errorf("%s: the secret %s has a default: %v, and an example: %v; want one of them", c.File, name, local, shown)
		}
	}
	if references == 0 && c.Spec.Type != jetStream && c.Spec.Type != "state.sqlite" {
		t.Errorf("%s: no secret says where its server is", c.File)
	}
}

// checkBusPolicies expects that publishing is bounded, and that on Redis a failure is repeated for longer than
// processingTimeout: what fails sooner is acknowledged, and lost.
func checkBusPolicies(t *testing.T, resiliency, c Resource) {
	t.Helper()
	node := resiliency.Spec.Targets.Components[c.Name()]
	var target policies
	if err := node.Decode(&target); err != nil {
		t.Fatal(err)
	}
	if target.Outbound == nil || target.Outbound.Timeout == "" || target.Outbound.CircuitBreaker == "" || target.Outbound.Retry != "" {
		t.Errorf("%s: publishing to %s is not bounded, or repeated", resiliency.File, c.Name())
	}
	if onRedis := c.Spec.Type == "pubsub.redis"; onRedis != (target.Inbound != nil) {
		t.Errorf("%s: %s has a policy for the way in: %v, want %v", resiliency.File, c.Name(), !onRedis, onRedis)
		return
	}
	if target.Inbound == nil {
		return
	}
	retry := resiliency.Spec.Policies.Retries[target.Inbound.Retry]
	pause, _ := time.ParseDuration(retry.Duration)
	limit, err := time.ParseDuration(c.Value("processingTimeout") + "ms")
	if err != nil || retry.Policy != "constant" || time.Duration(retry.MaxRetries)*pause <= limit || retry.MaxRetries < 0 {
		t.Errorf("%s: %s is given up after %d times %s, and has to outlast %s", resiliency.File, c.Name(), retry.MaxRetries, pause, limit)
	}
}
