package handlers

import (
	"context"
	"slices"
)

// mostNames is how many accounts a page asks the names of.
const mostNames = 20

// named returns the names of accounts by id, as far as auth answers: a page can do without.
func (v *visit) named(accountIDs ...string) map[string]string {
	wanted := slices.Compact(slices.Sorted(slices.Values(accountIDs)))
	l, found := &loading{visit: v}, map[string]*part[string]{}
	for _, id := range wanted[:min(len(wanted), mostNames)] {
		if id != "" {
			found[id] = load(l, func(ctx context.Context) (string, error) { return v.site.api.NameOf(ctx, id) })
		}
	}
	l.wait()
	names := map[string]string{}
	for id, name := range found {
		names[id] = name.Value
	}
	return names
}
