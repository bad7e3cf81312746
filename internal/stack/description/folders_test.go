package description

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
)

// losesNothing are the settings without which a component loses or delays events; components/README.md says why.
var losesNothing = map[string]map[string]string{
	JetStream: {"concurrency": "single", "ackWait": "", "maxDeliver": "", "queueGroupName": "{appID}", "deliverPolicy": "all"},
	"pubsub.redis": {
		"consumerID": "{appID}", "concurrency": "1", "processingTimeout": "5000", "redeliverInterval": "2000", "maxLenApprox": "",
	},
	"pubsub.kafka": {"initialOffset": "oldest", "consumeRetryEnabled": "true", "backOffMaxRetries": "-1"},
	"pubsub.rabbitmq": {
		"consumerID": "{appID}", "durable": "true", "deletedWhenUnused": "false", "deliveryMode": "2", "publisherConfirm": "true",
		"autoAck": "false", "requeueInFailure": "true", "prefetchCount": "1", "concurrency": "parallel",
	},
}

// ofTopic are the settings that name the topic.
var ofTopic = map[string]map[string]string{
	JetStream:      {"streamName": "", "durableName": "{appID}-"},
	"pubsub.kafka": {"consumerGroup": "{appID}-"},
}

// ofService are the settings that separate the documents of a service from those of others, besides the keys' prefix.
var ofService = map[string]map[string]string{
	"state.sqlite":     {"connectionString": ".stoa/data/%s.db?_pragma=synchronous(NORMAL)&_pragma=secure_delete(ON)"},
	"state.redis":      {"ttlInSeconds": "-1"}, // the prefix alone
	"state.postgresql": {"tablePrefix": "%s_"},
	"state.mysql":      {"schemaName": "stoa_%s"},
	"state.mongodb":    {"databaseName": "stoa_%s", "writeConcern": "majority", "readConcern": "majority"},
}

// eachFolder runs a test on every folder of a kind of components.
func eachFolder(t *testing.T, kind string, check func(t *testing.T, folder map[string]Resource)) {
	system := repository(t)
	names := foldersIn(filepath.Join(system.Root, "components", kind))
	if len(names) < 4 {
		t.Errorf("only %v in components/%s", names, kind)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { check(t, load(t, system, kind+"/"+name)) })
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
			checkBusPolicies(t, folder["pubsub"], c)
		}
	})
}

func TestFolders_NoStoreMixesServices(t *testing.T) {
	eachFolder(t, "store", func(t *testing.T, folder map[string]Resource) {
		for name, c := range folder {
			checkSettings(t, c, map[string]string{"keyPrefix": "name"}, "")
			for setting, want := range ofService[c.Spec.Type] {
				service := strings.ReplaceAll(strings.TrimSuffix(name, "-store"), "-", "_")
				want = strings.ReplaceAll(want, "%s", service)
				checkSettings(t, c, map[string]string{setting: want}, "")
			}
		}
	})
}

// checkSettings compares settings with the wanted ones, to each of which ending is added.
func checkSettings(t *testing.T, c Resource, wanted map[string]string, ending string) {
	t.Helper()
	for setting, want := range wanted {
		if got := c.Value(setting); got != want+ending {
			t.Errorf("%s: %s is %q, want %q; see components/README.md", c.File, setting, got, want+ending)
		}
	}
}

// checkBusPolicies expects that publishing is limited, and that on Redis a failure is repeated for longer than
// processingTimeout: an event that fails sooner is acknowledged and lost.
func checkBusPolicies(t *testing.T, resiliency, c Resource) {
	t.Helper()
	node := resiliency.Spec.Targets.Components[c.Name()]
	var target policies
	must.Do(t, node.Decode(&target))
	if target.Outbound == nil || target.Outbound.Timeout == "" || target.Outbound.CircuitBreaker == "" || target.Outbound.Retry != "" {
		t.Errorf("%s: publishing to %s is not limited, or is repeated", resiliency.File, c.Name())
	}
	if onRedis := c.Spec.Type == "pubsub.redis"; onRedis != (target.Inbound != nil) {
		t.Errorf("%s: %s has an inbound policy: %v, want %v", resiliency.File, c.Name(), !onRedis, onRedis)
		return
	}
	if target.Inbound == nil {
		return
	}
	retry := resiliency.Spec.Policies.Retries[target.Inbound.Retry]
	pause, _ := time.ParseDuration(retry.Duration)
	limit, err := time.ParseDuration(c.Value("processingTimeout") + "ms")
	if err != nil || retry.Policy != "constant" || time.Duration(retry.MaxRetries)*pause <= limit || retry.MaxRetries < 0 {
		t.Errorf("%s: %s is repeated %d times every %s, want longer than %s", resiliency.File, c.Name(), retry.MaxRetries, pause, limit)
	}
}
