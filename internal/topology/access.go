package topology

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// operations are what one caller may do in one app: verbs by pattern.
type operations map[string]map[string]bool

// add merges a call into the operations. Dapr matches less finely than OpenAPI describes (config/acl_trie.go of the
// pinned daprd): a policy for a path without wildcard holds for all that is below it, and hides policies for what is below;
// a parameter within a path has to be the last part of its policy. So a policy stands for the shortest path, with the verbs
// of all below. What is let through so and does not exist, the app refuses.
func (o operations) add(c Call) {
	pattern := patternOf(c.Path)
	for known := range o {
		switch {
		case covers(known, pattern):
			pattern = known
		case covers(pattern, known):
			if o[pattern] == nil {
				o[pattern] = map[string]bool{}
			}
			maps.Copy(o[pattern], o[known])
			delete(o, known)
		}
	}
	if o[pattern] == nil {
		o[pattern] = map[string]bool{}
	}
	if c.Verb != "" {
		o[pattern][c.Verb] = true
	}
}

// patternOf ends a path at its first parameter: with /* where it ends there anyway, and /** where it goes on.
func patternOf(path string) string {
	literal, rest, parametered := strings.Cut(path, "/{")
	switch {
	case !parametered:
		return path
	case strings.Contains(rest, "/"):
		return literal + "/**"
	}
	return literal + "/*"
}

// covers reports that Dapr applies the policy for one pattern to all that the other stands for.
func covers(wide, narrow string) bool {
	base, multiStage := strings.CutSuffix(wide, "/**")
	return wide == narrow || (multiStage || !strings.HasSuffix(wide, "/*")) && strings.HasPrefix(narrow, base+"/")
}

// Policy is what one app may call of another.
type Policy struct {
	Caller     string
	Operations []Allowed
}

// Allowed is a pattern of paths and the verbs of HTTP for it; none for gRPC.
type Allowed struct {
	Pattern string
	Verbs   []string
}

// Policies say who may call what of an app, in the order of the callers' names.
func (t *Topology) Policies(app App) []Policy {
	byCaller := map[string]operations{}
	for _, c := range t.Calls {
		if c.To != app.ID {
			continue
		}
		if byCaller[c.From] == nil {
			byCaller[c.From] = operations{}
		}
		byCaller[c.From].add(c)
	}
	var all []Policy
	for _, caller := range slices.Sorted(maps.Keys(byCaller)) {
		policy := Policy{Caller: caller}
		for _, pattern := range slices.SortedFunc(maps.Keys(byCaller[caller]), wildcardsLast) {
			verbs := slices.Sorted(maps.Keys(byCaller[caller][pattern]))
			policy.Operations = append(policy.Operations, Allowed{pattern, verbs})
		}
		all = append(all, policy)
	}
	return all
}

// wildcardsLast is an order: Dapr takes the first pattern that fits.
func wildcardsLast(a, b string) int {
	return cmp.Compare(strings.ReplaceAll(a, "*", "~"), strings.ReplaceAll(b, "*", "~"))
}
