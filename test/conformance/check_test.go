package conformance

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"stoa/test/conformance/report"
)

// patience is how long a check waits for what should come soon, on every backend alike and on a machine that is busy.
const patience = 90 * time.Second

// subject is what checks run on.
type subject interface {
	standIn() string // what takes the place of a real server; empty if nothing does
}

// check is one thing that has to hold on every backend. The rig is what it runs on.
type check[R subject] struct {
	name, title string
	run         func(t *probe, rig R)
}

// probe is the testing.TB of a check: it fails the test as usual and remembers why, for the report.
type probe struct {
	*testing.T
	standIn string // what stands in for the real server, if anything does

	mu      sync.Mutex
	reasons []string
	notes   []string
}

// Errorf and the other three remember the reason. On a stand-in, which proves nothing of the real server, a check that does
// not hold ends as "cannot" instead.
func (p *probe) Errorf(format string, args ...any) {
	p.Helper()
	p.failed(fmt.Sprintf(format, args...))
}

// Error is Errorf for values.
func (p *probe) Error(args ...any) { p.Helper(); p.failed(strings.TrimSpace(fmt.Sprintln(args...))) }

// Fatalf is Errorf, and the end of the check.
func (p *probe) Fatalf(format string, args ...any) {
	p.Helper()
	p.Errorf(format, args...)
	p.end()
}

// Fatal is Fatalf for values.
func (p *probe) Fatal(args ...any) {
	p.Helper()
	p.Error(args...)
	p.end()
}

func (p *probe) failed(reason string) {
	p.Helper()
	p.remember(reason)
	if p.standIn == "" {
		p.T.Errorf("%s", reason)
	}
}

// remember keeps a reason for the report, unless there are others enough.
func (p *probe) remember(reason string) {
	const enough, long = 3, 400
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.reasons) < enough {
		reason = forReaders(reason)
		p.reasons = append(p.reasons, reason[:min(long, len(reason))])
	}
}

// places are what only the person who runs the suite can look at.
var places = regexp.MustCompile(` \(log: [^)]*\)|127\.0\.0\.1(:\d+)?`)

// forReaders takes out of a reason what means nothing to a reader of the report.
func forReaders(reason string) string {
	return places.ReplaceAllStringFunc(reason, func(place string) string {
		if strings.HasPrefix(place, " ") {
			return ""
		}
		return "localhost"
	})
}

func (p *probe) end() {
	if p.standIn == "" {
		p.FailNow()
	}
	p.SkipNow()
}

// note adds a number to the report.
func (p *probe) note(format string, args ...any) {
	p.Helper()
	p.Logf(format, args...)
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// notApplicable ends a check that has nothing to check here.
func (p *probe) notApplicable(reason string) {
	p.Helper()
	p.remember(reason)
	p.Skip(reason)
}

// errAbsent says that a server cannot be had on this machine, or only a stand-in that cannot do what is asked of it.
var errAbsent = errors.New("cannot be had here")

// runChecks sets up a rig, runs all checks of a scope on it, and records what became of each.
func runChecks[R subject](t *testing.T, scope, backend string, checks []check[R], setUp func() (R, error)) {
	t.Helper()
	rig, err := setUp()
	if err != nil {
		outcome := report.Fail
		if errors.Is(err, errAbsent) {
			outcome = report.Cannot
		}
		for _, c := range checks {
			record(report.Result{
				Scope: scope, Backend: backend, Check: c.name, Outcome: outcome, Reason: forReaders(err.Error()),
				At: time.Now().UTC().Truncate(time.Second),
			})
		}
		if outcome == report.Cannot {
			t.Skipf("NOT CHECKED: %v", err)
		}
		t.Fatal(err)
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			p := &probe{T: t, standIn: rig.standIn()}
			started := time.Now()
			defer func() { record(p.result(scope, backend, c.name, started)) }()
			c.run(p, rig)
		})
	}
}

func (p *probe) result(scope, backend, name string, started time.Time) report.Result {
	r := report.Result{
		Scope: scope, Backend: backend, Check: name, Outcome: report.Pass, Reason: strings.Join(p.reasons, "; "), Notes: p.notes,
		At: time.Now().UTC().Truncate(time.Second), Seconds: float64(time.Since(started).Milliseconds()) / 1000,
	}
	switch {
	case p.standIn != "" && len(p.reasons) > 0:
		r.Outcome, r.Reason = report.Cannot, fmt.Sprintf("this is not the real server, but %s. Seen: %s", p.standIn, r.Reason)
	case p.Failed():
		r.Outcome = report.Fail
	case p.Skipped():
		r.Outcome = report.None
	}
	return r
}
