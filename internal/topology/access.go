package topology

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// operations are the operations of one app that one caller may call: the verbs, by pattern of paths.
type operations map[string]map[string]bool

// add adds a call. Policies of Dapr cannot name every path of OpenAPI (config/acl_trie.go of the pinned daprd): a policy for
// a path without a wildcard also applies to all paths below it, and hides their policies, and a wildcard must be the last
// part. So one policy, for the shortest path, has the verbs of all paths below it. The app refuses paths that do not exist.
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

// patternOf replaces a path from its first parameter on: by /* if the parameter is the last part, and by /** otherwise.
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

// covers reports whether Dapr applies a policy for the wide pattern to all paths of the narrow one.
func covers(wide, narrow string) bool {
	base, multiStage := strings.CutSuffix(wide, "/**")
	return wide == narrow || (multiStage || !strings.HasSuffix(wide, "/*")) && strings.HasPrefix(narrow, base+"/")
}

// Policy lists the operations of an app that one caller may call.
type Policy struct {
	Caller     string
	Operations []Allowed
}

// Allowed is a pattern of paths and the HTTP verbs that are allowed there; gRPC has no verbs.
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

// wildcardsLast compares patterns so that those with wildcards come last, because Dapr uses the first one that fits.
func wildcardsLast(a, b string) int {
	return cmp.Compare(strings.ReplaceAll(a, "*", "~"), strings.ReplaceAll(b, "*", "~"))
}
