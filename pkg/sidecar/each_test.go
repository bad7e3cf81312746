package sidecar_test

import (
	"context"
	"slices"
	"testing"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

// breaking is a store that fails in the middle of each bulk read, and reports the rest as missing.
type breaking struct{ *sidecartest.States }

func (b breaking) GetBulkState(ctx context.Context, store string, keys []string, meta map[string]string, parallel int32) ([]*dapr.BulkStateItem, error) {
	items, err := b.States.GetBulkState(ctx, store, keys, meta, parallel)
	for _, item := range items[min(2, len(items)):] {
		item.Value, item.Etag = nil, ""
	}
	return items, err
}

func TestDocuments_GetEachFindsWhatABulkReadDidNot(t *testing.T) {
	states, _ := sidecartest.New()
	documents := sidecar.NewDocuments[counter](sidecar.StatesOnly(breaking{states}), "store", "counter")
	for n, id := range []string{"a", "b", "c", "d"} {
		must.Do(t, documents.Create(t.Context(), id, counter{N: n}, 0))
	}
	var got []string
	for _, document := range must.Get(documents.GetEach(t.Context(), []string{"d", "c", "gone", "b", "a"}))(t) {
		got = append(got, document.ID)
	}
	if want := []string{"d", "c", "b", "a"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
