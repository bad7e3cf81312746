package upgrade

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/test/client"
)

// stored is the latest form of each kind of document that a shop has.
func (h *home) stored(t *testing.T) map[string]int {
	t.Helper()
	documents := must.Get(client.Documents(t.Context(), h.dir))(t)
	if len(documents) == 0 {
		t.Fatal("there are no documents")
	}
	forms := map[string]int{}
	for key, value := range documents {
		file, key, _ := strings.Cut(key, " ")
		if _, own, prefixed := strings.Cut(key, "||"); prefixed {
			key = own
		}
		kind, _, _ := strings.Cut(key, ":")
		var numbered struct{ Form int }
		_ = json.Unmarshal([]byte(value), &numbered) // what is not an object has no form
		name := strings.TrimSuffix(file, ".db") + " " + kind
		forms[name] = max(forms[name], numbered.Form, 1)
	}
	return forms
}

// unreadable are the kinds of documents that a later build has stored in a form which an earlier one does not know.
func unreadable(earlier, later map[string]int) (kinds []string) {
	for _, kind := range slices.Sorted(maps.Keys(later)) {
		if known := max(earlier[kind], 1); later[kind] > known {
			kinds = append(kinds, fmt.Sprintf("%s is in form %d, it knows %d", kind, later[kind], known))
		}
	}
	return kinds
}

func TestUnreadable_namesWhatAnEarlierBuildDoesNotKnow(t *testing.T) {
	got := unreadable(map[string]int{"order order": 1, "auth account": 2}, map[string]int{"order order": 2, "auth account": 2, "auth pet": 1})
	if len(got) != 1 || !strings.HasPrefix(got[0], "order order is in form 2") {
		t.Errorf("got %q", got)
	}
}
