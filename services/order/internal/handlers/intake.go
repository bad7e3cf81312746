package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/services/order/internal/domain"
)

// withdrawTime is how long the withdrawal of a draft may take: its caller has waited for the broker already.
const withdrawTime = time.Second

// Quoter names and prices what somebody wants: errs.Invalid for products that do not exist.
type Quoter interface {
	Quote(ctx context.Context, wanted []domain.Wanted) ([]domain.Line, error)
}

// Drafts keeps orders that are being placed.
type Drafts interface {
	// Create fails with errs.Conflict if something is kept under the draft's id.
	Create(ctx context.Context, draft domain.Record) error
	// Accept fails with errs.NotFound if the draft is withdrawn.
	Accept(ctx context.Context, draft domain.Record) error
	// Withdraw deletes the draft unless it is taken.
	Withdraw(ctx context.Context, draft domain.Record) (taken bool, err error)
}

// Herald tells the world that an order was placed.
type Herald interface {
	Placed(ctx context.Context, draft domain.Record) error
}

// Intake takes orders. An order is taken once its event is published: the document before that is a draft from which
// nothing follows.
//
// When publishing fails, the caller is told to come back, and the writer of the draft withdraws it. The event may yet
// surface, for the broker's client keeps it while it is disconnected, and an acknowledgement may be what got lost:
//
//   - If nothing is kept under the id by then, the worker closes the id (domain.Expired) and has inventory give the
//     stock back. Both that and a draft are written by whoever is first, so that an id is either closed or open, and a
//     key whose id is closed goes on to the next one (place). Stock can thus never be given back for an order that a
//     customer holds.
//   - If a retry with the same key has written a draft of its own, the old event decides it as well as its own would: the
//     reservation belongs to the id, and inventory answers a second event with the outcome of the first. Only when the
//     retry asks for other items does the reservation not fit, and the worker rejects the order (Order.Reserve). Either
//     way the first answer decides, and later ones change nothing.
//   - If a repetition of the request has published the same draft, its caller holds the order. It has noted that on the
//     draft before it answered (Accept), or finds that it is withdrawn and fails as well: the note and the withdrawal
//     exclude each other, for both are written by compare-and-swap.
//   - If the event was handled at once, the draft is no draft any more and is not withdrawn: the order is taken.
//
// Only the writer withdraws: whoever repeats a request cannot know whether the writer has answered. If the writer died
// before it published, and the repetition cannot publish either, the draft waits for the next repetition, or expires.
type Intake struct {
	orders Finder
	drafts Drafts
	quotes Quoter
	herald Herald
}

// NewIntake returns an Intake.
func NewIntake(orders Finder, drafts Drafts, quotes Quoter, herald Herald) *Intake {
	return &Intake{orders: orders, drafts: drafts, quotes: quotes, herald: herald}
}

// request is what a customer asks for.
type request struct {
	customer domain.Customer
	key      string // "" if the customer gave none
	wanted   []domain.Wanted
}

// hash tells one request from another under the same key.
func (r request) hash() (string, error) {
	raw, err := json.Marshal(r.wanted)
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), err
}

// place takes an order, or finds the one that this request has placed before. It returns the order as it was placed.
func (t *Intake) place(ctx context.Context, r request) (domain.Order, error) {
	if err := domain.CheckWanted(r.wanted); err != nil {
		return domain.Order{}, err
	}
	if r.key == "" {
		return t.start(ctx, ids.New(), r)
	}
	id := ids.Derive("order", r.customer.ID, r.key)
	for {
		known, err := t.orders.Find(ctx, id)
		switch {
		case errs.Is(err, errs.NotFound):
			return t.start(ctx, id, r)
		case err != nil:
			return domain.Order{}, err
		case known.Status != domain.Expired:
			return t.replay(ctx, known, r)
		}
		id = ids.Derive("order", id)
	}
}

// start writes a new draft and publishes it.
func (t *Intake) start(ctx context.Context, id string, r request) (domain.Order, error) {
	draft, err := t.draft(ctx, id, r)
	if err != nil {
		return domain.Order{}, err
	}
	err = t.drafts.Create(ctx, draft)
	if errs.Is(err, errs.Conflict) {
		return t.place(ctx, r) // the same request was faster, or the id was closed in the meantime
	}
	if err != nil {
		return domain.Order{}, err
	}
	if err := t.herald.Placed(ctx, draft); err != nil {
		return t.withdraw(ctx, draft, err)
	}
	return draft.Order, nil
}

func (t *Intake) draft(ctx context.Context, id string, r request) (domain.Record, error) {
	lines, err := t.quotes.Quote(ctx, r.wanted)
	if err != nil {
		return domain.Record{}, err
	}
	order, err := domain.New(id, r.customer, lines, time.Now())
	if err != nil {
		return domain.Record{}, err
	}
	hash, err := r.hash()
	return domain.Record{Order: order, RequestHash: hash, Attempt: ids.New()}, err
}

// withdraw takes back a draft whose publishing failed, also when its caller has gone in the meantime.
func (t *Intake) withdraw(ctx context.Context, draft domain.Record, cause error) (domain.Order, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawTime)
	defer cancel()
	taken, err := t.drafts.Withdraw(ctx, draft)
	if taken {
		return draft.AsPlaced(), nil
	}
	return domain.Order{}, fmt.Errorf("the order is not taken: %w", errors.Join(cause, err))
}

// replay answers a request that was made before: with the order as it was placed, once it is certain that it was.
func (t *Intake) replay(ctx context.Context, known domain.Record, r request) (domain.Order, error) {
	hash, err := r.hash()
	if err != nil {
		return domain.Order{}, err
	}
	if known.RequestHash != hash {
		return domain.Order{}, errs.New(errs.KeyReused, "this Idempotency-Key has been used for other items: choose another")
	}
	if known.Status == domain.Pending && !known.Accepted {
		// Who wrote this may have died before it published, or be about to.
		if err := t.herald.Placed(ctx, known); err != nil {
			return domain.Order{}, err
		}
		err := t.drafts.Accept(ctx, known)
		if errs.Is(err, errs.NotFound) {
			return domain.Order{}, errs.Wrap(errs.Unavailable, err, "the order could not be taken: try again")
		}
		if err != nil {
			return domain.Order{}, err
		}
	}
	return known.AsPlaced(), nil
}
