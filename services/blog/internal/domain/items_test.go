package domain_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/services/blog/internal/domain"
)

func TestItem_check(t *testing.T) {
	owner := ids.New()
	for name, tt := range map[string]struct {
		item domain.Item
		want errs.Kind
	}{
		"good":             {domain.Item{OwnerID: owner, Name: "An amphora"}, ""},
		"a blank name":     {domain.Item{OwnerID: owner, Name: " \t"}, errs.Invalid},
		"without a name":   {domain.Item{OwnerID: owner}, errs.Invalid},
		"without an owner": {domain.Item{Name: "An amphora"}, errs.Invalid},
	} {
		if err := tt.item.Check(); errs.KindOf(err) != tt.want {
			t.Errorf("%s: got %v, want the kind %q", name, err, tt.want)
		}
	}
}

func TestAccount_hasOneFirstItem(t *testing.T) {
	account := domain.Account{ID: ids.New(), At: time.Now()}
	first := account.FirstItem()
	if again := account.FirstItem(); again != first || first.Check() != nil {
		t.Errorf("got %+v, then %+v", first, again)
	}
	if other := (domain.Account{ID: ids.New()}).FirstItem(); other.ID == first.ID {
		t.Error("two accounts have the same first item")
	}
}

// refusing is a repository and a publisher that fail. It keeps no items.
type refusing struct {
	domain.Repository
	store, publish error
	published      int
}

func (r *refusing) Create(_ context.Context, item domain.Item) (domain.Item, error) {
	return item, r.store
}

func (r *refusing) Created(context.Context, domain.Item) error {
	r.published++
	return r.publish
}

func TestItems_publishWhatIsStored(t *testing.T) {
	down := errors.New("down")
	for name, tt := range map[string]struct {
		store, publish error
		published      int
	}{
		"all is well":        {nil, nil, 1},
		"the store is down":  {down, nil, 0},
		"the broker is down": {nil, down, 1},
		"both are down":      {down, down, 0},
	} {
		r := &refusing{store: tt.store, publish: tt.publish}
		_, err := domain.NewItems(r, r).Create(t.Context(), domain.Item{OwnerID: ids.New(), Name: "An amphora"})
		if failed := tt.store != nil || tt.publish != nil; (err != nil) != failed || r.published != tt.published {
			t.Errorf("%s: got %v, published %d times, want %d", name, err, r.published, tt.published)
		}
	}
}
