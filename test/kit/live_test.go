package kit

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"stoa/internal/stack"
	"stoa/pkg/common/live"
	"stoa/pkg/observability"
	"stoa/test/servers"
)

// settingsDB is the database of Redis in components/base/server/configuration.yaml.
const settingsDB = 1

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

func TestSettingsChangeWithoutARestart(t *testing.T) {
	if err := servers.Find("redis"); err != nil {
		t.Skip("live configuration is not tested: ", err)
	}
	redis, err := servers.Start(t.Context(), "redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = redis.Stop() })
	set := func(key, value string) {
		t.Helper()
		if err := redis.Set(t.Context(), settingsDB, key, value); err != nil {
			t.Fatal(err)
		}
	}
	set("AUTO_FULFIL", "true||1") // what follows the bars is a version

	s := startWith(t, stack.Options{Base: "server", Secrets: redis.Secrets}, "backoffice")
	log := &lines{}
	telemetry, err := observability.Start(t.Context(), "backoffice", "info", log)
	if err != nil {
		t.Fatal(err)
	}
	settings := live.Open(t.Context(), s.open("backoffice"), "backoffice", telemetry.Log)
	settings.Watch("LOG_LEVEL", telemetry.SetLevel)
	auto := live.Bool(settings, "AUTO_FULFIL", false)
	if !auto.Get() {
		t.Error("what stands in the store does not hold from the start")
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = settings.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })

	becomes := func(want bool, after string) {
		t.Helper()
		set("AUTO_FULFIL", fmt.Sprint(want))
		eventually(t, fmt.Sprintf("AUTO_FULFIL is %v after %s", want, after), func() error {
			if auto.Get() != want {
				return fmt.Errorf("it is %v", !want)
			}
			return nil
		})
	}
	set("LOG_LEVEL", "info")
	set("backoffice/LOG_LEVEL", "debug")
	becomes(false, "a change")
	telemetry.Log.Debug().Msg("a detail")
	if !log.has("a detail") {
		t.Error("the level of the log did not change")
	}
	set("AUTO_FULFIL", "perhaps")
	eventually(t, "a bad value is logged", func() error {
		if !log.has(`"setting":"AUTO_FULFIL","value":"perhaps"`) || auto.Get() {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	s.kill("backoffice.sidecar")
	becomes(true, "the sidecar was killed")
	if err := redis.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the outage is logged", func() error {
		if !log.has("the configuration store does not answer") || !auto.Get() {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	if err := redis.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	becomes(false, "the store was killed")
}

func TestWithoutAConfigurationStore(t *testing.T) {
	side := start(t, "backoffice").open("backoffice")
	if present, err := side.HasConfiguration(t.Context()); present || err != nil {
		t.Errorf("base/local: got %v, %v", present, err)
	}
}
