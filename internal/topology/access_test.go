package topology

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// What is only for machines must not be below what people may call.
func TestPolicies_internalOperationsAreOnlyForTheirCallers(t *testing.T) {
	topology := load(t)
	for _, app := range topology.Apps {
		forPeople := operations{}
		for _, c := range topology.Calls {
			if c.To == app.ID && (c.From == gateway || c.From == pages) && strings.HasPrefix(c.Path, "/api/v1/") {
				forPeople.add(c)
			}
		}
		for pattern := range forPeople {
			for _, inside := range []string{"/internal/sessions/x", "/compact", "/metrics", "/readyz", "/openapi.json", "/dapr/config"} {
				if covers(pattern, inside) {
					t.Errorf("%s: the gateway may call %s, since it may call %s", app.ID, inside, pattern)
				}
			}
		}
	}
}

func TestPolicies_patternsFollowDaprsRules(t *testing.T) {
	shop := operations{}
	for _, path := range []string{"/a/{id}/b", "/a/{id}", "/c/{id}", "/d/{id}/e", "/d", "/f/g"} {
		shop.add(Call{Path: path, Verb: strings.ToUpper(path[1:2])})
	}
	want := []string{"/a/**", "/c/*", "/d", "/f/g"}
	if got := slices.Sorted(maps.Keys(shop)); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := slices.Sorted(maps.Keys(shop["/a/**"])); !slices.Equal(got, []string{"A"}) {
		t.Errorf("verbs: %v", got)
	}
}
