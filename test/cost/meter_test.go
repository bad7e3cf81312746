package cost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"stoa/internal/sidecarmetrics"
	"stoa/internal/stack"
	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// shop is a system that does nothing unless it is asked to: it has no schedules.
type shop struct {
	*client.Shop
	broker jetstream.JetStream
}

// start starts a shop on the default components, which mails to a customer however often: that limit is kept in memory.
func start(t *testing.T) *shop {
	t.Helper()
	root := system.Checkout(t, "bin", "tools", "components/bus", "components/store", "components/config")
	for _, file := range must.Get(filepath.Glob(filepath.Join(system.Root(t), "components/base/local/*.yaml")))(t) {
		if text := must.Get(os.ReadFile(file))(t); !strings.Contains(string(text), "bindings.cron") {
			system.Link(t, file, filepath.Join(root, "components/base/local", filepath.Base(file)))
		}
	}
	started := must.Get(client.Open(t.Context(), root, system.Folder(t), func(o *stack.Options) {
		o.Bus, o.Store = "", ""
		maps.Copy(o.Env, map[string]string{"MAILS_PER_HOUR": "0", "LOG_LEVEL": "warn"})
	}))(t)
	t.Cleanup(func() {
		if err := started.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	address, _, err := must.Get(secrets.Read(started.Dir()))(t).Broker()
	must.Do(t, err)
	conn := must.Get(nats.Connect(address.String()))(t)
	t.Cleanup(conn.Close)
	return &shop{started, must.Get(jetstream.New(conn))(t)}
}

// awaitQuiet waits until all events are handled. A sidecar counts what an event costs before it acknowledges the event.
func (s *shop) awaitQuiet(t *testing.T) {
	t.Helper()
	system.Within(t, 3*system.Patience, "all events are handled", func() error {
		before, err := s.events(t.Context())
		if err != nil {
			return err
		}
		after, err := s.events(t.Context())
		if err == nil && (before != after || before.open > 0) {
			err = fmt.Errorf("%d events are open, %d were published meanwhile", after.open, after.published-before.published)
		}
		return err
	})
}

// events are numbers of events at the broker: of all, and of those that some consumer has not acknowledged yet.
type events struct{ published, open uint64 }

func (s *shop) events(ctx context.Context) (sum events, err error) {
	streams := s.broker.ListStreams(ctx)
	for info := range streams.Info() {
		sum.published += info.State.LastSeq
		stream, err := s.broker.Stream(ctx, info.Config.Name)
		if err != nil {
			return sum, err
		}
		consumers := stream.ListConsumers(ctx)
		for consumer := range consumers.Info() {
			sum.open += consumer.NumPending + uint64(consumer.NumAckPending)
		}
		if err := consumers.Err(); err != nil {
			return sum, err
		}
	}
	return sum, streams.Err()
}

// callers is how many people do the same at once.
const callers = 4

// measured is what was counted while people did something n times, and until nothing followed from it any more: the mean for
// each time.
type measured struct {
	sidecarmetrics.Calls
	n    int
	took time.Duration
}

// measure has people do something n times.
func (s *shop) measure(t *testing.T, n int, do func(i int) error) measured {
	t.Helper()
	s.awaitQuiet(t)
	before, began := must.Get(sidecarmetrics.Read(t.Context(), s.Processes()))(t), time.Now()
	errs := make([]error, callers)
	system.AtOnce(callers, func(caller int) {
		for i := caller; i < n && errs[caller] == nil; i += callers {
			errs[caller] = do(i)
		}
	})
	must.Do(t, errors.Join(errs...))
	s.awaitQuiet(t)
	counted := must.Get(sidecarmetrics.Read(t.Context(), s.Processes()))(t).Since(before)
	m := measured{counted.Per(n), n, time.Since(began)}
	m.forgetAuth(t)
	return m
}

// ask sends a request, and fails unless the answer has this status. A machine that is busy may ask to come back, as a 503 does.
func (s *shop) ask(t *testing.T, r client.Request, status int, out any) error {
	for deadline := time.Now().Add(system.Patience); ; time.Sleep(50 * time.Millisecond) {
		answer, err := s.Do(t.Context(), r)
		switch {
		case err != nil:
			return err
		case answer.Status == http.StatusServiceUnavailable && time.Now().Before(deadline):
			continue
		case answer.Status != status:
			return fmt.Errorf("%s %s: got %s, want %d", r.Method, r.Path, answer, status)
		case out == nil:
			return nil
		}
		return json.Unmarshal(answer.Body, out)
	}
}

// forgetAuth removes the calls of auth, and those to it. Every app asks auth who is calling, and remembers the answer.
func (m measured) forgetAuth(t *testing.T) {
	t.Helper()
	for app, kinds := range m.Calls {
		m.expectRemembered(t, app, toAuth)
		delete(kinds, toAuth)
	}
	delete(m.Calls, "auth")
}

const toAuth = sidecarmetrics.Invoke + " auth"

// expectRemembered expects that an app remembers the answers to a kind of calls for at least a second. So their number depends on
// time, and on how many people there are, but not on how often they call.
func (m measured) expectRemembered(t *testing.T, app, kind string) {
	t.Helper()
	most := 2*callers + 2*m.took.Seconds()
	if got := m.Calls[app][kind] * float64(m.n); got > most {
		t.Errorf("%s: %.0f times %s in %s, want at most %.0f", app, got, kind, m.took.Round(time.Millisecond), most)
	}
}

// quotes are the calls of the quotes that were asked for.
func (m measured) quotes() sidecarmetrics.Calls {
	return quoted.Times(m.Calls["order-api"][toStock])
}

// slack is how many calls more than decided the mean may have, of each kind, and in all. Now and then a list gets a page, an
// inbox is compacted, it is looked which orders of a customer have ended, or two writers meet.
const slack, slackInAll = 0.2, 0.5

// expect fails for every kind of call of which there are more than decided.
func (m measured) expect(t *testing.T, decided sidecarmetrics.Calls) {
	t.Helper()
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, app := range slices.Sorted(maps.Keys(m.Calls)) {
		for _, kind := range slices.Sorted(maps.Keys(m.Calls[app])) {
			got, most := m.Calls[app][kind], decided[app][kind]
			fmt.Fprintf(table, "%s\t%s\t%.2f\t%.2f\n", app, kind, got, most)
			if got > most+slack {
				t.Errorf("%s: %.2f times %s, want at most %.2f", app, got, kind, most)
			}
		}
	}
	if got, most := m.Sum(), decided.Sum(); got > most+slackInAll {
		t.Errorf("%.2f calls in all, want at most %.2f", got, most)
	}
	fmt.Fprintf(table, "all\t\t%.2f\t%.2f\n", m.Sum(), decided.Sum())
	must.Do(t, table.Flush())
	t.Logf("the mean of %d, and what was decided:\n%s", m.n, &text)
}
