package domain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

// withdrawTimeout bounds the withdrawal of a draft: its caller has already waited for the broker.
const withdrawTimeout = time.Second

// Quoter adds names and prices to the lines that a customer asks for. It fails with errs.Invalid for unknown products.
type Quoter interface {
	Quote(ctx context.Context, wanted []Wanted) ([]Line, error)
}

// Drafts stores orders while they are being placed.
type Drafts interface {
	// Look reads what is stored under an id, a zero Record for nothing, and the open orders of a customer.
	Look(ctx context.Context, id, customerID string) (Record, OpenOrders, error)
	// Create fails with errs.Conflict if something is stored under the draft's id.
	Create(ctx context.Context, draft Record) error
	// Accept fails with errs.NotFound if the draft is withdrawn.
	Accept(ctx context.Context, draft Record) error
	// Withdraw deletes the draft unless it is placed already.
	Withdraw(ctx context.Context, draft Record) (placed bool, err error)
}

// Publisher publishes what happens to orders, and what customers ask the worker to do.
type Publisher interface {
	Placed(ctx context.Context, draft Record) error
	Changed(ctx context.Context, order Order) error
	// Expired says that the stock reserved under this id is not needed.
	Expired(ctx context.Context, id, reason string) error
	// Cancel asks the worker to cancel an order.
	Cancel(ctx context.Context, order Order) error
}

// Placement places orders. An order is placed once its event is published; before that its document is a draft, which
// has no effect.
//
// When publishing fails, the caller is told to try again, and the writer of the draft withdraws it. The broker may still
// deliver the event later (docs/decisions/0003). Then one of these is true:
//
//   - Nothing is stored under the id: the worker closes the id (Expired), and inventory gives the stock back. A retry
//     with the same key then uses the next id (Place).
//   - A retry with the same key has written its own draft: the reservation counts for it. If the retry asks for
//     other items, the worker rejects the order (Order.Reserve).
//   - A repeated request has published the same draft, and has marked it as accepted (Accept): then it is not withdrawn.
//     Accept and Withdraw both write by compare-and-swap, so only one of them happens.
//   - The event is handled already: the draft is an order, and it is not withdrawn.
//
// The customer's open orders are noted before an order is published, see Allowance.
//
// Only the writer withdraws: a repeated request cannot know what the writer has answered. If the writer dies before it
// publishes, the next repeated request publishes the draft, or the draft expires.
type Placement struct {
	drafts    Drafts
	allowance *Allowance
	quoter    Quoter
	publisher Publisher
}

// NewPlacement returns a Placement.
func NewPlacement(drafts Drafts, allowance *Allowance, quoter Quoter, publisher Publisher) *Placement {
	return &Placement{drafts: drafts, allowance: allowance, quoter: quoter, publisher: publisher}
}

// Request is what a customer asks for.
type Request struct {
	Customer Customer
	Key      string // the Idempotency-Key, "" if there is none
	Wanted   []Wanted
}

// Place places an order, or finds the order that this request has placed before. It returns the order as it was placed.
func (p *Placement) Place(ctx context.Context, r Request) (Order, error) {
	if err := CheckWanted(r.Wanted); err != nil {
		return Order{}, err
	}
	for id := ids.ForRequest("order", r.Customer.ID, r.Key); ; id = ids.Derive("order", id) {
		known, open, err := p.drafts.Look(ctx, id, r.Customer.ID)
		switch {
		case err != nil:
			return Order{}, err
		case known.ID == "":
			return p.start(ctx, id, r, open)
		case known.Status != Expired:
			return p.replay(ctx, known, r, open)
		}
	}
}

// start writes a new draft and publishes it.
func (p *Placement) start(ctx context.Context, id string, r Request, open OpenOrders) (Order, error) {
	order := OpenOrder{ID: id, Pieces: pieces(r.Wanted)}
	if err := p.allowance.check(ctx, &open, order); err != nil {
		return Order{}, err
	}
	draft, err := p.draft(ctx, id, r)
	if err != nil {
		return Order{}, err
	}
	err = p.drafts.Create(ctx, draft)
	if errs.Is(err, errs.Conflict) {
		return p.Place(ctx, r) // the same request came first, or the id was closed in the meantime
	}
	if err != nil {
		return Order{}, err
	}
	if err = p.allowance.note(ctx, r.Customer.ID, open, order); err == nil {
		err = p.publisher.Placed(ctx, draft)
	}
	if err != nil {
		return p.withdraw(ctx, draft, err)
	}
	return draft.Order, nil
}

func (p *Placement) draft(ctx context.Context, id string, r Request) (Record, error) {
	lines, err := p.quoter.Quote(ctx, r.Wanted)
	if err != nil {
		return Record{}, err
	}
	order, err := New(id, r.Customer, lines, time.Now())
	return Record{Order: order, RequestHash: ids.Fingerprint(r.Wanted), Attempt: ids.New()}, err
}

// withdraw deletes a draft that could not be published, even if its caller has gone.
func (p *Placement) withdraw(ctx context.Context, draft Record, cause error) (Order, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawTimeout)
	defer cancel()
	placed, err := p.drafts.Withdraw(ctx, draft)
	if placed {
		return draft.AsPlaced(), nil
	}
	return Order{}, fmt.Errorf("the order is not placed: %w", errors.Join(cause, err))
}

// replay makes sure that the order of a repeated request is placed, and returns the order as it was placed.
func (p *Placement) replay(ctx context.Context, known Record, r Request, open OpenOrders) (Order, error) {
	if known.RequestHash != ids.Fingerprint(r.Wanted) {
		return Order{}, errs.New(errs.KeyReused, "this Idempotency-Key was used for other items: send another key")
	}
	if known.Status == Pending && !known.Accepted {
		if err := p.accept(ctx, known, open, pieces(r.Wanted)); err != nil {
			return Order{}, err
		}
	}
	return known.AsPlaced(), nil
}

// accept publishes a draft that another request wrote, because that writer may have died before it published, or before it
// noted the order.
func (p *Placement) accept(ctx context.Context, draft Record, open OpenOrders, pieces int64) error {
	if err := p.allowance.note(ctx, draft.Customer.ID, open, OpenOrder{ID: draft.ID, Pieces: pieces}); err != nil {
		return err
	}
	if err := p.publisher.Placed(ctx, draft); err != nil {
		return err
	}
	err := p.drafts.Accept(ctx, draft)
	if errs.Is(err, errs.NotFound) {
		return errs.Wrap(errs.Unavailable, err, "the order could not be placed: try again")
	}
	return err
}
