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

// quoteAge is how old a quote may be with which an order is placed. The reservation decides, not the quote.
const quoteAge = time.Second

// errClosed says that no order can be placed under an id.
var errClosed = errors.New("this id is closed")

// Quoter adds names and prices to the lines that a customer asks for.
type Quoter interface {
	// Quote may return what was quoted here less than maxAge ago. It fails with errs.Invalid for unknown products.
	Quote(ctx context.Context, wanted []Wanted, maxAge time.Duration) ([]Line, error)
}

// Drafts stores orders while they are being placed.
type Drafts interface {
	// Find fails with errs.NotFound if nothing is stored under the id.
	Find(ctx context.Context, id string) (Record, error)
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
	// Anonymised says that the customer of an order has deleted their account.
	Anonymised(ctx context.Context, order Order) error
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
// A draft is created without looking whether it is there: only if that fails, or if the order is refused for its products,
// prices or pieces, the request may be a repeated one, and what is stored is read (replay). So an order that was placed is
// found, whatever has changed since.
//
// Only the writer withdraws: a repeated request cannot know what the writer has answered. If the writer dies before it
// publishes, the next repeated request publishes the draft, or the draft expires.
type Placement struct {
	drafts    Drafts
	admission *Admission
	quoter    Quoter
	publisher Publisher
}

// NewPlacement returns a Placement.
func NewPlacement(drafts Drafts, admission *Admission, quoter Quoter, publisher Publisher) *Placement {
	return &Placement{drafts: drafts, admission: admission, quoter: quoter, publisher: publisher}
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
		order, err := p.placeUnder(ctx, id, r)
		if !errors.Is(err, errClosed) {
			return order, err
		}
	}
}

// placeUnder places an order under an id, or finds the order that is there. It fails with errClosed if the id is closed.
func (p *Placement) placeUnder(ctx context.Context, id string, r Request) (order Order, err error) {
	size := pieces(r.Wanted)
	if err = p.admission.admit(ctx, r.Customer.ID, id, size); err != nil {
		return p.refuse(ctx, id, r, err)
	}
	defer func() { p.admission.settle(r.Customer.ID, id, size, err == nil) }()
	draft, err := p.draft(ctx, id, r)
	if err != nil {
		return p.refuse(ctx, id, r, err)
	}
	err = p.drafts.Create(ctx, draft)
	if errs.Is(err, errs.Conflict) { // the same request came first, or the id is closed
		return p.replay(ctx, id, r, errs.Wrap(errs.Unavailable, err, "the order could not be placed: try again"))
	}
	if err != nil {
		return Order{}, err
	}
	if err = p.publisher.Placed(ctx, draft); err != nil {
		return p.withdraw(ctx, draft, err)
	}
	return draft.Order, nil
}

// draft returns a new draft with names and prices. Prices that are remembered may be old ones: they refuse nothing.
func (p *Placement) draft(ctx context.Context, id string, r Request) (draft Record, err error) {
	for _, maxAge := range []time.Duration{quoteAge, 0} {
		lines, quoteErr := p.quoter.Quote(ctx, r.Wanted, maxAge)
		if quoteErr != nil {
			return Record{}, quoteErr
		}
		if draft, err = newDraft(id, r, lines); err == nil {
			break
		}
	}
	return draft, err
}

func newDraft(id string, r Request, lines []Line) (Record, error) {
	if err := checkPrices(r.Wanted, lines); err != nil {
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
		return draft.PlacedView(), nil
	}
	return Order{}, fmt.Errorf("the order is not placed: %w", errors.Join(cause, err))
}

// refuse fails with the refusal, unless this is a repeated request.
func (p *Placement) refuse(ctx context.Context, id string, r Request, refusal error) (Order, error) {
	if r.Key == "" {
		return Order{}, refusal
	}
	return p.replay(ctx, id, r, refusal)
}

// replay makes sure that the order of a repeated request is placed, and returns the order as it was placed. It fails with the
// refusal if there is no order.
func (p *Placement) replay(ctx context.Context, id string, r Request, refusal error) (Order, error) {
	known, err := p.drafts.Find(ctx, id)
	switch {
	case errs.Is(err, errs.NotFound):
		return Order{}, refusal
	case err != nil:
		return Order{}, err
	case known.Status == Expired:
		return Order{}, errClosed
	case known.RequestHash != ids.Fingerprint(r.Wanted):
		return Order{}, errs.New(errs.KeyReused, "this Idempotency-Key was used for another order: send another key")
	case known.Status == Pending && !known.Accepted:
		if err := p.accept(ctx, known); err != nil {
			return Order{}, err
		}
	}
	return known.PlacedView(), nil
}

// accept publishes a draft that another request wrote, because that writer may have died before it published.
func (p *Placement) accept(ctx context.Context, draft Record) error {
	if err := p.publisher.Placed(ctx, draft); err != nil {
		return err
	}
	err := p.drafts.Accept(ctx, draft)
	if errs.Is(err, errs.NotFound) {
		return errs.Wrap(errs.Unavailable, err, "the order could not be placed: try again")
	}
	return err
}
