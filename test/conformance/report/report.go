// Package report keeps what the conformance suite measured, in docs/conformance.json, and writes docs/conformance.md
// from it. A run replaces what it measured anew and leaves the rest, with the dates of the rest.
package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Outcome is what became of a check.
type Outcome string

// The outcomes.
const (
	Pass   Outcome = "pass"
	Fail   Outcome = "fail"
	Cannot Outcome = "cannot" // the server is not to be had, or the component has a defect that no YAML avoids
	None   Outcome = "n/a"    // there is nothing to check, such as a restart of a database that is a file
	NotRun Outcome = "not run"
)

// The scopes of checks: what they are run on.
const (
	Stores = "store" // each store once
	Buses  = "bus"   // each bus once
	Pairs  = "pair"  // each pair of them
)

// Check is one thing that has to hold.
type Check struct {
	Scope string `json:"scope"`
	Name  string `json:"name"`
	Title string `json:"title"` // a sentence
}

// Result is the outcome of a check on a backend.
type Result struct {
	Scope   string    `json:"scope"`
	Backend string    `json:"backend"` // a store, a bus, or [Pair] of them
	Check   string    `json:"check"`
	Outcome Outcome   `json:"outcome"`
	Reason  string    `json:"reason,omitempty"` // unless it passed
	Notes   []string  `json:"notes,omitempty"`  // numbers, for their order of magnitude
	At      time.Time `json:"at"`
	Seconds float64   `json:"seconds"`
}

// Pair is the name of a pair.
func Pair(bus, store string) string { return bus + " x " + store }

// Program is a server, or another program that took part.
type Program struct {
	Name    string    `json:"name"`
	Version string    `json:"version"`
	StandIn string    `json:"stand_in,omitempty"` // what stood in for it; empty for the real one
	At      time.Time `json:"at"`
}

// Report is everything that is known.
type Report struct {
	Machine  string    `json:"machine"`
	Buses    []string  `json:"buses"`
	Stores   []string  `json:"stores"`
	Further  []string  `json:"further,omitempty"` // pairs that are not in the matrix
	Checks   []Check   `json:"checks"`
	Programs []Program `json:"programs"`
	Results  []Result  `json:"results"`
}

// Read reads what earlier runs measured; nothing, if the file does not exist.
func Read(path string) (Report, error) {
	var r Report
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(text, &r)
}

// Merge adds what a run measured and drops results of checks that there no longer are.
func (r Report) Merge(run Report) Report {
	merged := run
	merged.Programs = newest(slices.Concat(r.Programs, run.Programs), func(p Program) string { return p.Name })
	merged.Results = newest(slices.Concat(r.Results, run.Results), func(x Result) string {
		return x.Scope + "/" + x.Check + "/" + x.Backend
	})
	merged.Results = slices.DeleteFunc(merged.Results, func(x Result) bool {
		return !slices.ContainsFunc(run.Checks, func(c Check) bool { return c.Scope == x.Scope && c.Name == x.Check })
	})
	return merged
}

// newest keeps the last of several with one key, sorted by key.
func newest[T any](all []T, key func(T) string) []T {
	last := map[string]T{}
	for _, one := range all {
		last[key(one)] = one
	}
	kept := make([]T, 0, len(last))
	for _, one := range last {
		kept = append(kept, one)
	}
	slices.SortFunc(kept, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	return kept
}

// Write writes the JSON file and the document beside it.
func (r Report) Write(path string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return err
	}
	page, err := r.Markdown()
	if err != nil {
		return err
	}
	return os.WriteFile(Document(path), []byte(page), 0o644)
}

// Document is the path of the document that belongs to a JSON file.
func Document(path string) string {
	return path[:len(path)-len(filepath.Ext(path))] + ".md"
}

// find is the result of a check on a backend.
func (r Report) find(scope, backend, check string) Result {
	i := slices.IndexFunc(r.Results, func(x Result) bool {
		return x.Scope == scope && x.Backend == backend && x.Check == check
	})
	if i < 0 {
		return Result{Scope: scope, Backend: backend, Check: check, Outcome: NotRun}
	}
	return r.Results[i]
}

func (r Report) checks(scope string) []Check {
	return slices.DeleteFunc(slices.Clone(r.Checks), func(c Check) bool { return c.Scope != scope })
}
