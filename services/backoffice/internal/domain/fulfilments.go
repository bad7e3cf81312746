package domain

import (
	"context"
	"time"

	"stoa/pkg/common/ids"
)

// appID is the sender of commands that no person asked for.
const appID = "backoffice"

// readPause is how often a waiting request reads whether its command has taken effect.
const readPause = 25 * time.Millisecond

// FulfilmentRepository stores fulfilments.
type FulfilmentRepository interface {
	// Record stores what an event says about an order, and returns the fulfilment as it is then.
	Record(ctx context.Context, order Order) (Fulfilment, error)
	// Anonymise takes the customer from the fulfilment of an order, also if its event is still to come.
	Anonymise(ctx context.Context, order Order) error
	// Get fails with errs.NotFound if the order has no fulfilment.
	Get(ctx context.Context, orderID string) (Fulfilment, error)
	// List returns a page of the fulfilments with this status, newest first, or of all if it is "", in the order of their
	// progress.
	List(ctx context.Context, status Status, cursor string, limit int) ([]Fulfilment, string, error)
	// OfCustomer returns a page of the fulfilments of a customer, in the same order. It looks at a thousand at most, so a page may be
	// empty.
	OfCustomer(ctx context.Context, customerID, cursor string, limit int) ([]Fulfilment, string, error)
	// Compact removes from the lists what has another status by now, and what has expired.
	Compact(ctx context.Context) error
}

// Publisher publishes commands about orders, and events again.
type Publisher interface {
	// Command publishes the command of a step. Two commands with the same cause are the same event.
	Command(ctx context.Context, step Step, orderID, by, cause string) error
	// Replay publishes an event to a topic.
	Replay(ctx context.Context, topic string, event Event) error
}

// Fulfilments is the repository with the steps that the staff takes.
type Fulfilments struct {
	FulfilmentRepository
	publisher  Publisher
	autoFulfil func() bool
}

// NewFulfilments returns the Fulfilments. While autoFulfil returns true, orders are shipped as soon as they are confirmed.
func NewFulfilments(repository FulfilmentRepository, publisher Publisher, autoFulfil func() bool) *Fulfilments {
	return &Fulfilments{repository, publisher, autoFulfil}
}

// About returns a page of the fulfilments of a customer, and the cursor of the next page. There is no list of a customer, so it looks
// through all of them: a page may be empty.
func (f *Fulfilments) About(ctx context.Context, customerID, cursor string) ([]Fulfilment, string, error) {
	return f.OfCustomer(ctx, customerID, cursor, dataPage)
}

// Confirm queues an order that the event with this id confirms, and ships it if the operator wants that.
func (f *Fulfilments) Confirm(ctx context.Context, order Order, eventID string) error {
	fulfilment, err := f.Record(ctx, order)
	if err != nil || fulfilment.Status != Queued || !f.autoFulfil() {
		return err
	}
	return f.publisher.Command(ctx, Ship, order.ID, appID, eventID)
}

// Take sends the command of a step to the owner of the order, and waits for the outcome. It returns the fulfilment as it
// is after the wait, with or without the step: errs.Conflict if the step cannot be taken.
func (f *Fulfilments) Take(ctx context.Context, step Step, orderID, by string, wait time.Duration) (Fulfilment, error) {
	fulfilment, err := f.Get(ctx, orderID)
	if err != nil {
		return fulfilment, err
	}
	if done, err := step.Check(fulfilment); done || err != nil {
		return fulfilment, err
	}
	if err := f.publisher.Command(ctx, step, orderID, by, ids.New()); err != nil {
		return fulfilment, err
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return fulfilment, nil
		case <-time.After(readPause):
		}
		if current, err := f.Get(ctx, orderID); err == nil { // else the command is sent; only its outcome cannot be read
			fulfilment = current
		}
		if done, err := step.Check(fulfilment); done || err != nil {
			return fulfilment, err
		}
	}
}
