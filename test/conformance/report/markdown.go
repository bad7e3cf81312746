package report

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"
)

//go:embed page.md
var page string

// Markdown writes the report as a page.
func (r Report) Markdown() (string, error) {
	functions := template.FuncMap{
		"when": r.when, "named": r.named, "summary": r.summary, "checks": r.checks, "cell": r.cell, "reasons": r.reasons, "notes": r.notes,
		"day": day, "pair": Pair, "part": partName, "join": strings.Join,
		"table": func(scope string, backends []string) map[string]any {
			return map[string]any{"Checks": r.checks(scope), "Backends": backends}
		},
	}
	filled, err := template.New("page").Funcs(functions).Parse(page)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	err = filled.Execute(&text, r)
	return text.String(), err
}

func day(at time.Time) string { return at.UTC().Format("2006-01-02") }

// when says when the results were measured, and on what.
func (r Report) when() string {
	if len(r.Results) == 0 {
		return "Nothing was measured yet."
	}
	byTime := func(a, b Result) int { return a.At.Compare(b.At) }
	first, last := day(slices.MinFunc(r.Results, byTime).At), day(slices.MaxFunc(r.Results, byTime).At)
	if first != last {
		last = first + " to " + last
	}
	return fmt.Sprintf("Measured %s on %s.", last, r.Machine)
}

// named is the name of a bus or a store, which says so where something stood in for the real one.
func (r Report) named(backend string) string {
	if slices.ContainsFunc(r.Programs, func(p Program) bool { return p.Name == backend && p.StandIn != "" }) {
		return backend + " (stand-in)"
	}
	return backend
}

// summary is the cell of a pair: the worst of what it rests on, and where that is.
func (r Report) summary(bus, store string) string {
	worst, where := Pass, []string(nil)
	for _, part := range [][2]string{{Stores, store}, {Buses, bus}, {Pairs, Pair(bus, store)}} {
		switch outcome := r.worst(part[0], part[1]); {
		case severity(outcome) > severity(worst):
			worst, where = outcome, []string{partName(part[0])}
		case outcome == worst && worst != Pass:
			where = append(where, partName(part[0]))
		}
	}
	if worst == Pass {
		return string(Pass)
	}
	return fmt.Sprintf("**%s** (%s)", worst, strings.Join(where, ", "))
}

func partName(scope string) string {
	if scope == Pairs {
		return "flow"
	}
	return scope
}

func (r Report) worst(scope, backend string) Outcome {
	worst := Pass
	for _, c := range r.checks(scope) {
		if outcome := r.find(scope, backend, c.Name).Outcome; severity(outcome) > severity(worst) {
			worst = outcome
		}
	}
	return worst
}

// severity orders the outcomes; what is not applicable takes nothing away from a pass.
func severity(o Outcome) int { return slices.Index([]Outcome{NotRun, Cannot, Fail}, o) + 1 }

// cell is the outcome of a check on a backend.
func (r Report) cell(c Check, backend string) string {
	outcome := r.find(c.Scope, backend, c.Name).Outcome
	if outcome == Fail || outcome == Cannot {
		return "**" + string(outcome) + "**"
	}
	return string(outcome)
}

// reason is why something did not pass, and all to which it applies.
type reason struct {
	Text  string
	Where []string
}

func (r Report) reasons() (all []reason) {
	for _, x := range r.Results {
		if x.Outcome == Pass {
			continue
		}
		text := fmt.Sprintf("%s: %s", x.Outcome, strings.Join(strings.Fields(x.Reason), " "))
		at := slices.IndexFunc(all, func(known reason) bool { return known.Text == text })
		if at < 0 {
			at, all = len(all), append(all, reason{Text: text})
		}
		all[at].Where = append(all[at].Where, fmt.Sprintf("%s of %s", x.Check, x.Backend))
	}
	return all
}

// notes are the results of a check that hold numbers.
func (r Report) notes(c Check) []Result {
	return slices.DeleteFunc(slices.Clone(r.Results), func(x Result) bool {
		return x.Scope != c.Scope || x.Check != c.Name || len(x.Notes) == 0
	})
}
