package topology

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// operations are those of one app that one caller may call: verbs by pattern.
type operations map[string]map[string]bool

// add merges a call into the operations. Dapr distinguishes fewer paths than OpenAPI (config/acl_trie.go of the pinned
// daprd). A policy for a path without a wildcard applies to all paths below it, and hides their policies; a parameter within
// a path has to be the last part of its policy. So a policy has the shortest path, and the verbs of all paths below. The app
// refuses those that do not exist.
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

// patternOf cuts a path at its first parameter: with /* if the parameter is the last part, and /** otherwise.
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

// covers reports that Dapr applies the policy for the wide pattern to all paths of the narrow one.
func covers(wide, narrow string) bool {
	base, multiStage := strings.CutSuffix(wide, "/**")
	return wide == narrow || (multiStage || !strings.HasSuffix(wide, "/*")) && strings.HasPrefix(narrow, base+"/")
}

// Policy lists the operations of an app that one caller may call.
type Policy struct {
	Caller     string
	Operations []Allowed
}

// Allowed is a pattern of paths and its verbs of HTTP; gRPC has no verbs.
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
