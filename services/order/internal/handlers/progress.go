package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/messaging"
	"stoa/pkg/observability"
	"stoa/services/order/internal/domain"
)

// Keeper keeps orders and the customers' lists of them.
type Keeper interface {
	// Update fails with errs.NotFound if there is no such order, and with the error of change.
	Update(ctx context.Context, id string, change func(*domain.Record) error) (domain.Record, error)
	// Enlist puts an order on its customer's list.
	Enlist(ctx context.Context, order domain.Order) error
	// Expire closes an id for good: errs.Conflict if an order came to be under it.
	Expire(ctx context.Context, id string) error
}

// Announcer tells the world what became of orders.
type Announcer interface {
	Changed(ctx context.Context, order domain.Order) error
	Expired(ctx context.Context, id, reason string) error
}

// Progress moves orders through their life. Each handler decides, saves, and publishes what follows. When it is run
// again, it finds the decision made and publishes the same again; so it may die anywhere.
type Progress struct {
	orders   Finder
	keeper   Keeper
	announce Announcer
}

// NewProgress returns a Progress.
func NewProgress(orders Finder, keeper Keeper, announce Announcer) *Progress {
	return &Progress{orders: orders, keeper: keeper, announce: announce}
}

// move changes an order. It is put on its customer's list before it ceases to be pending, so that whoever has seen the
// decision finds the order there.
func (p *Progress) move(ctx context.Context, id string, change func(*domain.Record) error) (domain.Record, error) {
	record, err := p.orders.Find(ctx, id)
	if err != nil {
		return record, err
	}
	if record.Status == domain.Pending {
		if err := p.keeper.Enlist(ctx, record.Order); err != nil {
			return record, err
		}
	}
	return p.keeper.Update(ctx, id, change)
}

// reserved is the payload of stock.reserved.v1.
type reserved struct {
	OrderID string          `json:"orderId"`
	Items   []domain.Wanted `json:"items"`
}

func (p *Progress) reserved(ctx context.Context, _ messaging.Event, stock reserved) error {
	record, err := p.move(ctx, stock.OrderID, func(r *domain.Record) error {
		r.Reserve(stock.Items, time.Now())
		return nil
	})
	if errs.Is(err, errs.NotFound) {
		// Closed before it is said: from then on no order can come to be here, and the stock is free to go.
		if err := p.keeper.Expire(ctx, stock.OrderID); err != nil {
			return err
		}
		return p.giveBack(ctx, stock.OrderID)
	}
	if err != nil {
		return err
	}
	switch record.Status {
	case domain.Expired:
		return p.giveBack(ctx, record.ID)
	case domain.Rejected:
		if err := p.giveBack(ctx, record.ID); err != nil {
			return err
		}
		return p.announce.Changed(ctx, record.Order)
	case domain.Cancelled:
		return nil // inventory has order.cancelled, or will
	default:
		return p.announce.Changed(ctx, record.In(domain.Confirmed))
	}
}

func (p *Progress) giveBack(ctx context.Context, id string) error {
	return p.announce.Expired(ctx, id, "the stock is reserved for no order that was accepted")
}

// rejected is the payload of stock.rejected.v1, as far as it matters here.
type rejected struct {
	OrderID string `json:"orderId"`
	Reason  string `json:"reason"`
}

func (p *Progress) rejected(ctx context.Context, _ messaging.Event, stock rejected) error {
	record, err := p.move(ctx, stock.OrderID, func(r *domain.Record) error {
		r.Reject(stock.Reason, time.Now())
		return nil
	})
	switch {
	case errs.Is(err, errs.NotFound):
		return nil // the draft was withdrawn, and nothing is reserved
	case err != nil:
		return err
	case record.Status != domain.Rejected:
		return nil
	}
	return p.announce.Changed(ctx, record.Order)
}

// command is the payload of every command about an order.
type command struct {
	OrderID string `json:"orderId"`
	By      string `json:"by"`
	Reason  string `json:"reason"`
}

func (p *Progress) cancel(ctx context.Context, _ messaging.Event, c command) error {
	return p.obey(ctx, c, domain.Cancelled, func(r *domain.Record) error { return r.Cancel(c.Reason, time.Now()) })
}

func (p *Progress) ship(ctx context.Context, _ messaging.Event, c command) error {
	return p.obey(ctx, c, domain.Shipped, func(r *domain.Record) error { return r.Ship(time.Now()) })
}

func (p *Progress) deliver(ctx context.Context, _ messaging.Event, c command) error {
	return p.obey(ctx, c, domain.Delivered, func(r *domain.Record) error { return r.Deliver(time.Now()) })
}

// obey carries out a command after which the order has passed through this status. One that comes too late is no
// failure of anything: whoever sent it sees what the order has become instead.
func (p *Progress) obey(ctx context.Context, c command, to domain.Status, change func(*domain.Record) error) error {
	record, err := p.move(ctx, c.OrderID, change)
	switch {
	case errs.Is(err, errs.NotFound):
		return errs.Wrap(errs.Invalid, err, "the command names the order %s, which does not exist", c.OrderID)
	case errs.Is(err, errs.Conflict):
		observability.Log(ctx).Info().Err(err).Str("order_id", c.OrderID).Str("by", c.By).Msg("command passed over")
		return nil
	case err != nil:
		return err
	}
	return p.announce.Changed(ctx, record.In(to))
}
