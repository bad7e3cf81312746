package handlers

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// stockroom is how many pieces there are, and how that changed.
type stockroom struct{ *Site }

func stockPages(s *Site) []entry {
	h := stockroom{s}
	return []entry{
		page("/staff/stock", forStaff, h.lowPage),
		page("/staff/products/{id}/stock", forStaff, h.history),
		post("/staff/products/{id}/stock", forStaff, h.adjust),
	}
}

// usuallyLow is how many pieces are few, unless the reader says otherwise.
const usuallyLow = 5

// How much of the catalogue one page looks through: no list is ordered by stock.
const catalogueRead, catalogueReads = "100", 3

// low returns the products of a stretch of the catalogue with so few available pieces, and the cursor of the next stretch.
func (s *Site) low(ctx context.Context, atMost int64, cursor string, reads int) (low api.List[api.StaffProduct], err error) {
	low.Next = cursor
	for range reads {
		read, err := s.api.StaffProducts(ctx, "", low.Next, catalogueRead)
		if err != nil {
			return low, err
		}
		for _, p := range read.Items {
			if p.Available <= atMost {
				low.Items = append(low.Items, p)
			}
		}
		if low.Next = read.Next; low.Next == "" {
			break
		}
	}
	return low, nil
}

// lowView is what is low in stock.
type lowView struct {
	AtMost int64
	List   api.List[api.StaffProduct]
	More   string
}

func (h stockroom) lowPage(v *visit) error {
	atMost, err := strconv.ParseInt(v.query("at-most"), 10, 64)
	if err != nil || atMost < 0 {
		atMost = usuallyLow
	}
	found, err := h.low(v.ctx(), atMost, v.query("cursor"), catalogueReads)
	if err != nil {
		return err
	}
	return v.show("staff/low", lowView{atMost, found, v.more(found.Next)})
}

// stockView is the stock of a product, how staff changed it, and a change that is typed.
type stockView struct {
	Product api.StaffProduct
	History *part[api.List[api.Adjustment]]
	Names   map[string]string // of those who changed it
	More    string
	Form    *view.Form
}

// The fields of a change.
const changeField, whyField = "change", "reason"

func (h stockroom) history(v *visit) error {
	return h.show(v, http.StatusOK, view.NewForm(nil, changeField, whyField))
}

func (h stockroom) show(v *visit, status int, form *view.Form) error {
	l, id := &loading{visit: v}, v.part("id")
	product := load(l, func(ctx context.Context) (api.StaffProduct, error) { return h.api.StaffProduct(ctx, id) })
	history := load(l, func(ctx context.Context) (api.List[api.Adjustment], error) {
		return h.api.Adjustments(ctx, id, v.query("cursor"))
	})
	l.wait()
	if product.Err != nil {
		return absent(product.Err)
	}
	var by []string
	for _, a := range history.Value.Items {
		by = append(by, a.By)
	}
	return v.answer(status, "staff/stock", stockView{product.Value, history, v.named(by...), v.more(history.Value.Next), form})
}

// adjust adds pieces, or removes some.
func (h stockroom) adjust(v *visit) error {
	form, err := v.form(changeField, whyField)
	if err != nil {
		return err
	}
	if form.Again {
		return h.show(v, http.StatusOK, form)
	}
	change := v.whole(form, changeField, -mostPieces, mostPieces)
	if change == 0 && form.Problem == nil {
		form.Refuse(changeField, v.view(nil).T("staff.no-change"))
	}
	if form.Problem != nil {
		return h.show(v, http.StatusUnprocessableEntity, form)
	}
	id := v.part("id")
	err = h.api.Adjust(v.ctx(), id, form.Key(), change, strings.TrimSpace(form.Get(whyField)))
	if err == nil {
		return v.redirect("/staff/products/"+id+"/stock", "staff.done.adjusted")
	}
	if !form.Take(err) {
		return absent(err)
	}
	return h.show(v, errs.KindOf(err).HTTPStatus(), form)
}
