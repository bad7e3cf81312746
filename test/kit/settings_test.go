package kit

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/pkg/common/settings"
	"stoa/pkg/observability"
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

func TestSettings_changeWithoutARestart(t *testing.T) {
	t.Parallel()
	redis := servers.Redis(t)
	set := func(key, value string) {
		t.Helper()
		must.Do(t, redis.Set(t.Context(), settingsDB, key, value))
	}
	set("AUTO_FULFIL", "true||1") // what follows the bars is a version
	described := must.Get(system.Sidecars(system.Root(t), "backoffice"))(t)
	s := system.Start(t, described, stack.Options{Base: "server", Secrets: redis.Secrets})
	log := &lines{}
	telemetry := must.Get(observability.Start(t.Context(), "backoffice", "info", log))(t)
	values := settings.Open(t.Context(), s.Open(t, "backoffice"), "backoffice", telemetry.Log)
	values.Watch("LOG_LEVEL", telemetry.SetLevel)
	auto := settings.Bool(values, "AUTO_FULFIL", false)
	if !auto.Get() {
		t.Error("what stands in the store does not hold from the start")
	}
	system.Background(t, values.Run)
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
	s.Kill(t, "backoffice.sidecar")
	set("AUTO_FULFIL", "true")
	system.Eventually(t, "it is on after the sidecar was killed", is(true, ""))
	must.Do(t, redis.Kill())
	system.Eventually(t, "an outage changes nothing", is(true, "the configuration store does not answer"))
	must.Do(t, redis.Restart(t.Context()))
	set("AUTO_FULFIL", "false")
	system.Eventually(t, "it is off after the store was killed", is(false, "the configuration store answers again"))
}

func TestSettings_needNoConfigurationStore(t *testing.T) {
	side := start(t, "backoffice").open("backoffice")
	if present, err := side.HasConfiguration(t.Context()); present || err != nil {
		t.Errorf("base/local: got %v, %v", present, err)
	}
}
