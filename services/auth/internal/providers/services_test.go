package providers_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/services/auth/internal/providers"
)

// answers are those of an app, by how the path of a request ends.
type answers map[string]string

// Invoke implements providers.Apps.
func (a answers) Invoke(_ context.Context, _, _, path string, _, out any) error {
	for end, answer := range a {
		if strings.HasSuffix(path, end) {
			return json.Unmarshal([]byte(answer), out)
		}
	}
	return nil
}

func TestOrders_readsAllParts(t *testing.T) {
	orders := providers.NewOrders(answers{
		"?part=0": `{"orders": ["c"], "next": 1}`, "?part=1": `{"orders": [], "next": 2}`, "?part=2": `{"orders": ["a", "c"]}`,
	})
	if open := must.Get(orders.OpenOf(t.Context(), "ada"))(t); !slices.Equal(open, []string{"a", "c"}) {
		t.Errorf("got %v", open)
	}
}
