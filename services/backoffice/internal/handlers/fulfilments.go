package handlers

import (
	"context"
	"net/http"
	"time"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/pkg/messaging"
	"stoa/services/backoffice/internal/domain"
)

// lookAgain is how often a waiting request looks whether its command has taken effect.
const lookAgain = 25 * time.Millisecond

// Page is the part of a list that a request asks for. It is exported because huma passes over embedded types that are
// not.
type Page struct {
	Cursor string `query:"cursor" doc:"Where to go on: the next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many at most"`
}

type listFulfilmentsInput struct {
	Page
	Status domain.Status `query:"status" enum:"queued,shipped,delivered,cancelled" doc:"Only those with this status"`
}

type listFulfilmentsOutput struct {
	Body struct {
		Items []domain.Fulfilment `json:"items" doc:"The fulfilments, newest first"`
		Next  string              `json:"next,omitempty" doc:"The cursor of the next page; absent on the last"`
	}
}

func (h *Handlers) listFulfilments(ctx context.Context, in *listFulfilmentsInput) (*listFulfilmentsOutput, error) {
	out := &listFulfilmentsOutput{}
	var err error
	out.Body.Items, out.Body.Next, err = h.fulfilments.List(ctx, in.Status, in.Cursor, in.Limit)
	return out, err
}

type stepInput struct {
	OrderID string `path:"orderId" format:"uuid" doc:"The order"`
	Prefer  string `header:"Prefer" doc:"respond-async: do not wait until it is done (RFC 7240)"`
}

type stepOutput struct {
	Status            int
	PreferenceApplied string `header:"Preference-Applied"`
	Body              domain.Fulfilment
}

func (h *Handlers) ship(ctx context.Context, in *stepInput) (*stepOutput, error) {
	return h.step(ctx, in, domain.Ship)
}

func (h *Handlers) deliver(ctx context.Context, in *stepInput) (*stepOutput, error) {
	return h.step(ctx, in, domain.Deliver)
}

// step sends the command and answers 200 with its outcome, or 202 when that cannot be seen yet: the order's owner
// decides, and says so by an event.
func (h *Handlers) step(ctx context.Context, in *stepInput, step domain.Step) (*stepOutput, error) {
	fulfilment, err := h.fulfilments.Get(ctx, in.OrderID)
	if err != nil {
		return nil, err
	}
	if done, err := step.Check(fulfilment); done || err != nil {
		return &stepOutput{Status: http.StatusOK, Body: fulfilment}, err
	}
	if err := h.command(ctx, step, in.OrderID, identity.CallerOf(ctx).ID, h.newID()); err != nil {
		return nil, err
	}
	if web.PrefersAsync(in.Prefer) {
		return &stepOutput{Status: http.StatusAccepted, PreferenceApplied: web.RespondAsync, Body: fulfilment}, nil
	}
	return h.await(ctx, fulfilment, step)
}

// orderCommand is the payload of the commands to an order's owner.
type orderCommand struct {
	OrderID string `json:"orderId"`
	By      string `json:"by"`
}

// command publishes a step; the cause tells one command from the next.
func (h *Handlers) command(ctx context.Context, step domain.Step, orderID, by, cause string) error {
	e, err := messaging.New(step.Command, orderID, orderCommand{OrderID: orderID, By: by}, cause)
	if err != nil {
		return err
	}
	return h.publisher.Publish(ctx, "order-commands", e)
}

// await looks at the fulfilment until the step shows in it, or time is up. What another replica records is seen too.
func (h *Handlers) await(ctx context.Context, f domain.Fulfilment, step domain.Step) (*stepOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, h.options.CommandWait)
	defer cancel()
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return &stepOutput{Status: http.StatusAccepted, Body: f}, nil
		case <-tick.C:
		}
		latest, err := h.fulfilments.Get(ctx, f.OrderID)
		if err != nil {
			continue // the command is on its way; only its outcome cannot be seen
		}
		f = latest
		if done, err := step.Check(f); done || err != nil {
			return &stepOutput{Status: http.StatusOK, Body: f}, err
		}
	}
}
