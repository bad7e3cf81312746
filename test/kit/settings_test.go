package kit

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"stoa/internal/stack"
	"stoa/pkg/common/settings"
	"stoa/pkg/observability"
	"stoa/test/client"
	"stoa/test/servers"
	"stoa/test/system"
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

// startRedis starts a server for one test, or skips the test where there is none.
func startRedis(t *testing.T) *servers.Server {
	t.Helper()
	if err := servers.Find("redis"); err != nil {
		t.Skip("live configuration is not tested: ", err)
	}
	redis, err := servers.Start(t.Context(), "redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = redis.Stop() })
	return redis
}

// keepReading keeps settings up to date until the test ends.
func keepReading(t *testing.T, values *settings.Settings) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = values.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
}

func TestSettings_changeWithoutARestart(t *testing.T) {
	redis := startRedis(t)
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
	values := settings.Open(t.Context(), s.open("backoffice"), "backoffice", telemetry.Log)
	values.Watch("LOG_LEVEL", telemetry.SetLevel)
	auto := settings.Bool(values, "AUTO_FULFIL", false)
	if !auto.Get() {
		t.Error("what stands in the store does not hold from the start")
	}
	keepReading(t, values)
	is := func(want bool, logged string) func() error {
		return func() error {
			if auto.Get() != want || !log.has(logged) {
				return fmt.Errorf("it is %v; %q was logged: %v", auto.Get(), logged, log.has(logged))
			}
			return nil
		}
	}

	set("LOG_LEVEL", "info")
	set("backoffice/LOG_LEVEL", "debug")
	set("AUTO_FULFIL", "false")
	system.Eventually(t, "AUTO_FULFIL is off", is(false, `"value":"false"`))
	telemetry.Log.Debug().Msg("a detail")
	if !log.has("a detail") {
		t.Error("the level of the log did not change")
	}
	set("AUTO_FULFIL", "perhaps")
	system.Eventually(t, "a bad value changes nothing", is(false, `"setting":"AUTO_FULFIL","value":"perhaps"`))
	s.kill("backoffice.sidecar")
	set("AUTO_FULFIL", "true")
	system.Eventually(t, "it is on after the sidecar was killed", is(true, ""))
	if err := redis.Kill(); err != nil {
		t.Fatal(err)
	}
	system.Eventually(t, "an outage changes nothing", is(true, "the configuration store does not answer"))
	if err := redis.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	set("AUTO_FULFIL", "false")
	system.Eventually(t, "it is off after the store was killed", is(false, "the configuration store answers again"))
}

func TestSettings_needNoConfigurationStore(t *testing.T) {
	side := start(t, "backoffice").open("backoffice")
	if present, err := side.HasConfiguration(t.Context()); present || err != nil {
		t.Errorf("base/local: got %v, %v", present, err)
	}
}
