package handlers

import (
	"context"
	"encoding/json"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/identity"
	"stoa/pkg/observability"
	"stoa/services/inventory/internal/domain"
)

// Catalogue is where the products are kept.
type Catalogue interface {
	Get(ctx context.Context, id string) (domain.Product, error)
	List(ctx context.Context, cursor string, limit int) ([]domain.Product, string, error)
	Create(ctx context.Context, p domain.Product) (domain.Product, error)
	Update(ctx context.Context, id string, change func(*domain.Product) error) (domain.Product, error)
}

// products handles the requests of people.
type products struct {
	catalogue Catalogue
}

func (h products) list(ctx context.Context, in *listInput) (*listOutput, error) {
	found, next, err := h.catalogue.List(ctx, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &listOutput{}
	out.Body.Items, out.Body.Next = make([]product, len(found)), next
	for i, p := range found {
		out.Body.Items[i] = productOf(p)
	}
	return out, nil
}

func (h products) get(ctx context.Context, in *IDInput) (*productOutput, error) {
	p, err := h.catalogue.Get(ctx, in.ID)
	return answer(p, err)
}

func (h products) create(ctx context.Context, in *createInput) (*createOutput, error) {
	now := clock()
	p, err := h.catalogue.Create(ctx, domain.Product{
		ID: idFor(ctx, in.Key), SKU: in.Body.SKU, Name: in.Body.Name, Description: in.Body.Description,
		Price: domain.Money(in.Body.Price), Stock: in.Body.Stock, CreatedAt: now, UpdatedAt: now,
		Request: fingerprint(in.Body),
	})
	if err != nil {
		return nil, err
	}
	return &createOutput{Location: "/api/v1/products/" + p.ID, Body: productOf(p)}, nil
}

func (h products) edit(ctx context.Context, in *editInput) (*productOutput, error) {
	p, err := h.catalogue.Update(ctx, in.ID, func(p *domain.Product) error {
		return p.Edit(in.Body.Name, in.Body.Description, domain.Money(in.Body.Price), clock())
	})
	return answer(p, err)
}

func (h products) remove(ctx context.Context, in *IDInput) (*struct{}, error) {
	_, err := h.catalogue.Update(ctx, in.ID, func(p *domain.Product) error { return p.Remove(clock()) })
	return nil, err
}

func (h products) adjust(ctx context.Context, in *adjustInput) (*productOutput, error) {
	if in.Body.Change == 0 {
		return nil, errs.InvalidField("change", "is 0, which changes nothing")
	}
	asked := domain.Adjustment{Request: fingerprint(in.Body)}
	caller := identity.CallerOf(ctx)
	if in.Key != "" {
		asked.Key = ids.Derive("stock", caller.ID, in.Key)
	}
	p, err := h.catalogue.Update(ctx, in.ID, func(p *domain.Product) error {
		return p.Adjust(asked, in.Body.Change, clock())
	})
	if err == nil {
		observability.Log(ctx).Info().Str("product_id", p.ID).Str("account_id", caller.ID).
			Int64("change", in.Body.Change).Str("reason", in.Body.Reason).Msg("stock adjusted")
	}
	return answer(p, err)
}

func answer(p domain.Product, err error) (*productOutput, error) {
	if err != nil {
		return nil, err
	}
	return &productOutput{Body: productOf(p)}, nil
}

// idFor returns the id of what a request creates: the one that follows from caller and key, so that the same request
// meets it again, or a new one.
func idFor(ctx context.Context, key string) string {
	if key == "" {
		return ids.New()
	}
	return ids.Derive("product", identity.CallerOf(ctx).ID, key)
}

// fingerprint tells one request body from another.
func fingerprint(body any) string {
	raw, _ := json.Marshal(body) // what was read from JSON always marshals
	return ids.Derive("request", string(raw))
}

// clock is the time of a change, as precise as it is shown.
func clock() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
