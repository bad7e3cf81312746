package handlers

import (
	"context"
	"slices"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// backstage are all pages of staff and admins.
func backstage(s *Site) []entry {
	return slices.Concat(
		staffPages(s), customerPages(s), productAdminPages(s), stockPages(s), deadLetterPages(s), userPages(s), apiKeyPages(s), auditPages(s),
	)
}

// forStaff are those whom the services let work with orders, products and dead letters, and forAdmins those for accounts.
var forStaff, forAdmins = signedIn(domain.Staff, domain.Admin), signedIn(domain.Admin)

// staff is what is to be done, and the orders.
type staff struct{ *Site }

func staffPages(s *Site) []entry {
	h := staff{s}
	return []entry{
		page("/staff", forStaff, h.overview),
		page("/staff/orders", forStaff, h.orders),
		post("/staff/orders", forStaff, h.take),
	}
}

// glance is how many of each the overview shows.
const glance = "5"

func (h staff) overview(v *visit) error {
	l := &loading{visit: v}
	queued := load(l, func(ctx context.Context) (api.List[api.Fulfilment], error) {
		return h.api.Fulfilments(ctx, api.Queued, "", glance)
	})
	letters := load(l, func(ctx context.Context) (api.List[api.DeadLetter], error) { return h.api.Letters(ctx, "", glance) })
	low := load(l, func(ctx context.Context) (api.List[api.StaffProduct], error) { return h.low(ctx, usuallyLow, "", 1) })
	l.wait()
	return v.show("staff/overview", struct {
		Queued  *part[api.List[api.Fulfilment]]
		Letters *part[api.List[api.DeadLetter]]
		Low     *part[api.List[api.StaffProduct]]
	}{queued, letters, low})
}

// fulfilmentView is the orders with one status, and what can be done with them.
type fulfilmentView struct {
	Status string
	List   api.List[api.Fulfilment]
	More   string
	Form   *view.Form
}

// Step is what can be done next with all of them, "" for nothing.
func (f fulfilmentView) Step() string {
	for step, s := range orderSteps {
		if s.from == f.Status {
			return step
		}
	}
	return ""
}

// Chosen reports whether an order was chosen before its reader had to sign in again.
func (f fulfilmentView) Chosen(id string) bool {
	return slices.Contains(f.Form.Values[chosenField], id)
}

func (h staff) orders(v *visit) error {
	return h.list(v, v.query("status"), view.NewForm(nil))
}

func (h staff) list(v *visit, status string, form *view.Form) error {
	if !slices.Contains([]string{api.Shipped, api.Delivered, api.Cancelled}, status) {
		status = api.Queued
	}
	found, err := h.api.Fulfilments(v.ctx(), status, v.query("cursor"), "")
	if err != nil {
		return err
	}
	return v.show("staff/orders", fulfilmentView{status, found, v.more(found.Next), form})
}

// orderStep is what staff do with an order.
type orderStep struct {
	from, to string
	// done is the text that says that it is done.
	done string
	take func(*api.Client, context.Context, string) (api.Fulfilment, error)
}

// orderSteps are the steps by the names that forms use.
var orderSteps = map[string]orderStep{
	"ship":    {api.Queued, api.Shipped, "staff.done.shipped", (*api.Client).Ship},
	"deliver": {api.Shipped, api.Delivered, "staff.done.delivered", (*api.Client).Deliver},
}

// take ships or delivers the chosen orders.
func (h staff) take(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	step, known := orderSteps[form.Get("step")]
	if !known {
		return errs.New(errs.Invalid, "there is no such step")
	}
	if form.Again {
		return h.list(v, step.from, form)
	}
	back := "/staff/orders?status=" + step.from
	return v.each(form, work{name: "/staff/orders/", back: back, done: step.done, do: func(ctx context.Context, id string) (bool, error) {
		now, err := step.take(h.api, ctx, id)
		return now.Status == step.to, err
	}})
}
