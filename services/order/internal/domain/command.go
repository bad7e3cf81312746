package domain

import (
	"slices"
	"time"

	"stoa/pkg/common/errs"
)

// Command is a change of an order that its customer or the staff asks for.
type Command struct {
	from   []Status // the order must have one of these statuses
	to     Status
	later  []Status // with these statuses too the command is done already: a handler may run twice
	reason bool     // the order keeps the reason
}

// The commands.
var (
	Cancel  = Command{from: []Status{Pending, Confirmed}, to: Cancelled, reason: true}
	Ship    = Command{from: []Status{Confirmed}, to: Shipped, later: []Status{Delivered}}
	Deliver = Command{from: []Status{Shipped}, to: Delivered}
)

// check reports whether the command is done already. It fails with errs.Conflict if the status does not allow the command.
func (c Command) check(s Status) (done bool, err error) {
	if s == c.to || slices.Contains(c.later, s) {
		return true, nil
	}
	if !slices.Contains(c.from, s) {
		return false, errs.New(errs.Conflict, "the order is %s and cannot be %s", s, c.to)
	}
	return false, nil
}

// Execute executes a command. It fails with errs.Conflict if the status of the order does not allow it.
func (o *Order) Execute(c Command, reason string, now time.Time) error {
	done, err := c.check(o.Status)
	if done || err != nil {
		return err
	}
	if !c.reason {
		reason = ""
	}
	o.move(c.to, reason, now)
	return nil
}
