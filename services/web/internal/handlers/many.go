package handlers

import (
	"context"
	"slices"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/providers/view"
)

// The fields of a form for many things at once: those that were chosen, those that its page lists, whether all of them are meant, and
// the one whose own button was pressed.
const (
	chosenField, listedField = "chosen", "listed"
	allField, onlyField      = "all", "only"
)

// mostAtOnce is how many things one form is about: no page lists more.
const mostAtOnce = 100

// chosenIDs returns the ids that a form is about.
func chosenIDs(form *view.Form) ([]string, error) {
	found := form.Values[chosenField]
	switch {
	case form.Get(onlyField) != "":
		found = []string{form.Get(onlyField)}
	case form.Get(allField) != "":
		found = form.Values[listedField]
	}
	found = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(found))), func(id string) bool { return id == "" })
	if len(found) > mostAtOnce {
		return nil, errs.New(errs.Invalid, "these are more than %d", mostAtOnce)
	}
	return found, nil
}

// work is what is done with each thing of a form.
type work struct {
	// name is where the page of one begins, and back that of all.
	name, back string
	// done is the text that says that all of it is done.
	done string
	// do does it with one, and reports whether it is done: an order may take a moment longer.
	do func(ctx context.Context, id string) (done bool, err error)
}

// outcome is what became of one thing.
type outcome struct {
	ID, Page string
	Done     bool
	// Failed is the error of one that is not done; without one, it goes on by itself.
	Failed *view.Problem
}

// outcomes is what became of all.
type outcomes struct {
	Items []outcome
	Back  string
}

// each does something with each thing of a form, side by side. It leads back if all is done, and shows what became of each if not: no
// failure keeps the others from being done.
func (v *visit) each(form *view.Form, w work) error {
	ids, err := chosenIDs(form)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return v.redirect(w.back, "staff.done.none-chosen")
	}
	shown, all := outcomes{Back: w.back}, true
	for i, p := range v.sideBySide(ids, w.do) {
		if errs.Is(p.Err, errs.Unauthenticated) {
			return p.Err // it is the same for all
		}
		all = all && p.Value && p.Err == nil
		shown.Items = append(shown.Items, outcome{ID: ids[i], Page: w.name + ids[i], Done: p.Value, Failed: problemOf(p.Err)})
	}
	if all {
		return v.redirect(w.back, w.done)
	}
	return v.show("staff/outcomes", shown)
}

// sideBySide does something with each of these ids, and returns what became of it, in their order.
func (v *visit) sideBySide(ids []string, do func(context.Context, string) (bool, error)) []*part[bool] {
	l, parts := &loading{visit: v}, make([]*part[bool], len(ids))
	for i, id := range ids {
		parts[i] = load(l, func(ctx context.Context) (bool, error) { return do(ctx, id) })
	}
	l.wait()
	return parts
}

// problemOf returns an error in the form that pages show, nil for none.
func problemOf(err error) *view.Problem {
	if err == nil {
		return nil
	}
	form := view.NewForm(nil)
	if form.Take(err) {
		return form.Problem
	}
	if errs.Is(err, errs.NotFound) {
		return &view.Problem{Kind: errs.NotFound}
	}
	return &view.Problem{Kind: errs.Unavailable}
}
