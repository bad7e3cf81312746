package providers

import (
	"context"
	"encoding/json"
	"testing"

	"stoa/pkg/common/must"
)

// apps answer every call with the same JSON, and note what it was.
type apps struct{ answer, asked string }

// Invoke implements Apps.
func (a *apps) Invoke(_ context.Context, appID, method, path string, _, out any) error {
	a.asked = appID + " " + method + " " + path
	return json.Unmarshal([]byte(a.answer), out)
}

func TestAccounts_askAuthForTheAddress(t *testing.T) {
	fake := &apps{answer: `{"id":"1"}`}
	got := must.Get(NewAccounts(fake).AccountOf(t.Context(), "ada+shop&x@example.com"))(t)
	if got != "1" || fake.asked != "auth GET /internal/accounts?email=ada%2Bshop%26x%40example.com" {
		t.Errorf("got %s for %s", got, fake.asked)
	}
}
