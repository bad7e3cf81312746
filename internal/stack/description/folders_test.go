package description

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
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
	"state.sqlite":     {"connectionString": ".stoa/data/%s.db?_pragma=synchronous(NORMAL)"},
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

func TestComponents_everyBusHasEveryTopic(t *testing.T) {
	eachFolder(t, "bus", func(t *testing.T, folder map[string]Resource) {
		if len(folder) != len(traffic)+1 {
			t.Errorf("%d documents for %d topics and their policies", len(folder), len(traffic))
		}
		for topic, apps := range traffic {
			c := folder["pubsub-"+topic]
			publishers := append(slices.Clone(apps.from), "backoffice")
			checkScopes(t, c, slices.Concat(publishers, apps.to)...)
			checkTopicScopes(t, c, topic, publishers, apps.to)
			checkSettings(t, c, losesNothing[c.Spec.Type], "")
			checkSettings(t, c, ofTopic[c.Spec.Type], topic)
			checkBusPolicies(t, folder["pubsub"], c)
		}
	})
}

// checkTopicScopes expects that only the right apps may publish and subscribe. Dapr allows both to an app without scopes
// unless the topic is protected, and allows all apps every other topic of the component unless topics are listed.
func checkTopicScopes(t *testing.T, c Resource, topic string, publishers, subscribers []string) {
	t.Helper()
	checkSettings(t, c, map[string]string{"allowedTopics": topic, "protectedTopics": topic}, "")
	for setting, want := range map[string][]string{"publishingScopes": publishers, "subscriptionScopes": subscribers} {
		var entries []string
		for _, app := range want {
			entries = append(entries, app+"="+topic)
		}
		got := strings.Split(c.Value(setting), ";")
		slices.Sort(got)
		slices.Sort(entries)
		if !slices.Equal(got, slices.Compact(entries)) {
			t.Errorf("%s: %s is %v, want %v", c.File, setting, got, entries)
		}
	}
}

func TestComponents_everyStoreHasEveryService(t *testing.T) {
	eachFolder(t, "store", func(t *testing.T, folder map[string]Resource) {
		if len(folder) != len(stores) {
			t.Errorf("%d components for %d stores", len(folder), len(stores))
		}
		for service, apps := range stores {
			c := folder[service+"-store"]
			checkScopes(t, c, apps...)
			checkSettings(t, c, map[string]string{"keyPrefix": "name"}, "")
			for setting, want := range ofService[c.Spec.Type] {
				checkSettings(t, c, map[string]string{setting: strings.ReplaceAll(want, "%s", service)}, "")
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
	if err := node.Decode(&target); err != nil {
		t.Fatal(err)
	}
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
