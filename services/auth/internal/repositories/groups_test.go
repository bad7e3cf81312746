package repositories_test

import (
	"testing"

	"stoa/pkg/common/must"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/auth/internal/repositories"
)

// A schedule has read the list, and an account is added again before it takes that off.
func TestUnfinished_keepsWhoIsAddedAgain(t *testing.T) {
	_, side := sidecartest.New()
	list := repositories.NewUnfinished(side, "deletions")
	first, second := must.Get(list.Add(t.Context(), "ada"))(t), must.Get(list.Add(t.Context(), "ada"))(t)
	must.Do(t, list.Remove(t.Context(), "ada", first))
	if all := must.Get(list.List(t.Context()))(t); !all["ada"].Equal(second) {
		t.Errorf("got %v", all)
	}
	must.Do(t, list.Remove(t.Context(), "ada", second))
	if all := must.Get(list.List(t.Context()))(t); len(all) != 0 {
		t.Errorf("got %v", all)
	}
}
