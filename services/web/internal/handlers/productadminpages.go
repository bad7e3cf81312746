package handlers

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/text/currency"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// assortment is the products that staff offer.
type assortment struct{ *Site }

func productAdminPages(s *Site) []entry {
	h := assortment{s}
	return []entry{
		page("/staff/products", forStaff, h.list),
		page("/staff/products/new", forStaff, h.newPage),
		post("/staff/products/new", forStaff, h.add),
		page("/staff/products/{id}", forStaff, h.editPage),
		post("/staff/products/{id}", forStaff, h.edit),
		page("/staff/products/{id}/remove", forStaff, h.removePage),
		post("/staff/products/{id}/remove", forStaff, h.remove),
		page("/staff/products/{id}/picture", forStaff, h.picturePage),
		post("/staff/products/{id}/picture", forStaff, h.setPicture),
		page("/staff/products/{id}/picture/remove", forStaff, h.picturePage),
		post("/staff/products/{id}/picture/remove", forStaff, unlessAgain(h.picturePage, h.removePicture)),
	}
}

// productForm is a product, and what is typed about it. A new one has no id.
type productForm struct {
	Product api.StaffProduct
	Form    *view.Form
}

// The fields of a product, by the names that inventory has for them, except for the pieces: pages check these themselves.
const (
	productName, productText   = "name", "description"
	amountField, currencyField = "price.amount", "price.currency"
	skuField, piecesField      = "sku", "pieces"
	defaultCurrency            = "EUR"
	mostPieces, mostMinor      = 1_000_000, 1_000_000_000
)

var productFields = []string{productName, productText, amountField, currencyField, skuField, piecesField}

func (h assortment) list(v *visit) error {
	q := v.query("q")
	found, err := h.api.StaffProducts(v.ctx(), q, v.query("cursor"), "")
	if err != nil {
		return err
	}
	return v.show("staff/products", listing[api.StaffProduct]{q, found, v.more(found.Next)})
}

func (h assortment) newPage(v *visit) error {
	return v.show("staff/product-new", productForm{Form: view.NewForm(url.Values{currencyField: {defaultCurrency}}, productFields...)})
}

func (h assortment) add(v *visit) error {
	form, err := v.form(productFields...)
	if err != nil {
		return err
	}
	shown := productForm{Form: form}
	if form.Again {
		return v.show("staff/product-new", shown)
	}
	pieces := v.whole(form, piecesField, 0, mostPieces)
	wish := api.NewProduct{ProductDetails: v.productDetails(form), SKU: strings.TrimSpace(form.Get(skuField)), Stock: pieces}
	if form.Problem != nil {
		return v.answer(http.StatusUnprocessableEntity, "staff/product-new", shown)
	}
	added, err := h.api.AddProduct(v.ctx(), form.Key(), wish)
	if err != nil {
		return v.again("staff/product-new", form, shown, err)
	}
	return v.redirect("/staff/products/"+added.ID+"/picture", "staff.done.product-added")
}

// filled returns the form of a product as it is.
func filled(p api.StaffProduct) *view.Form {
	return view.NewForm(url.Values{
		productName: {p.Name}, productText: {p.Description}, amountField: {decimal(p.Price)}, currencyField: {p.Price.Currency},
	}, productFields...)
}

func (h assortment) editPage(v *visit) error {
	found, err := h.api.StaffProduct(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	return v.show("staff/product", productForm{found, filled(found)})
}

func (h assortment) edit(v *visit) error {
	form, err := v.form(productFields...)
	if err != nil {
		return err
	}
	found, err := h.api.StaffProduct(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	shown, details := productForm{found, form}, v.productDetails(form)
	if form.Again {
		form.Problem = nil
		return v.show("staff/product", shown)
	}
	if form.Problem != nil {
		return v.answer(http.StatusUnprocessableEntity, "staff/product", shown)
	}
	if err := h.api.EditProduct(v.ctx(), found.ID, details); err != nil {
		return v.again("staff/product", form, shown, err)
	}
	return v.redirect("/staff/products/"+found.ID, "staff.done.product-changed")
}

// productDetails returns what was typed about a product, and notes in the form what cannot be read.
func (v *visit) productDetails(form *view.Form) api.ProductDetails {
	code := strings.ToUpper(strings.TrimSpace(form.Get(currencyField)))
	amount, ok := minor(form.Get(amountField), code)
	if !ok || amount > mostMinor {
		form.Refuse(amountField, v.view(nil).T("staff.not-a-price"))
	}
	return api.ProductDetails{
		Name: strings.TrimSpace(form.Get(productName)), Description: strings.ReplaceAll(form.Get(productText), "\r\n", "\n"),
		Price: api.Money{Amount: amount, Currency: code},
	}
}

// whole returns a field as a whole number between two others, or notes in the form that it is not one. Nothing typed is 0.
func (v *visit) whole(form *view.Form, name string, least, most int64) int64 {
	typed := strings.TrimSpace(form.Get(name))
	if typed == "" {
		return 0
	}
	n, err := strconv.ParseInt(typed, 10, 64)
	if err != nil || n < least || n > most {
		form.Refuse(name, v.view(nil).T("staff.not-a-number", least, most))
		return 0
	}
	return n
}

// decimals is how many digits a currency has after the point.
func decimals(code string) int {
	unit, err := currency.ParseISO(code)
	if err != nil {
		unit = currency.XXX
	}
	digits, _ := currency.Standard.Rounding(unit)
	return digits
}

// minor reads an amount such as 12.50 or 12,5 in minor units. It takes no thousands separators: 1.234 would be ambiguous.
func minor(typed, code string) (amount int64, ok bool) {
	digits := decimals(code)
	whole, part, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(typed), ",", "."), ".")
	if len(part) > digits || whole == "" || strings.Trim(whole+part, "0123456789") != "" {
		return 0, false
	}
	amount, err := strconv.ParseInt(whole+part+strings.Repeat("0", digits-len(part)), 10, 64)
	return amount, err == nil
}

// decimal writes an amount so that minor reads it.
func decimal(m api.Money) string {
	digits := decimals(m.Currency)
	text := strconv.FormatInt(m.Amount, 10)
	text = strings.Repeat("0", max(0, digits+1-len(text))) + text
	if digits == 0 {
		return text
	}
	return text[:len(text)-digits] + "." + text[len(text)-digits:]
}

func (h assortment) removePage(v *visit) error { return h.asItIs(v, "staff/product-remove") }

func (h assortment) picturePage(v *visit) error { return h.asItIs(v, "staff/picture") }

// asItIs shows a page about a product.
func (h assortment) asItIs(v *visit, name string) error {
	found, err := h.api.StaffProduct(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	return v.show(name, productForm{found, view.NewForm(nil)})
}

func (h assortment) remove(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if form.Again {
		return h.removePage(v)
	}
	err = h.api.RemoveProduct(v.ctx(), v.part("id"))
	switch {
	case err == nil:
		return v.redirect("/staff/products", "staff.done.product-removed")
	case errs.Is(absent(err), errs.NotFound):
		return v.redirect("/staff/products", "staff.done.product-gone") // the second click
	}
	found, gone := h.api.StaffProduct(v.ctx(), v.part("id"))
	if gone != nil {
		return absent(err)
	}
	return v.again("staff/product-remove", form, productForm{found, form}, err)
}

func (h assortment) setPicture(v *visit) error {
	form, err := v.form(pictureField)
	if err != nil {
		return err
	}
	if form.Again { // browsers do not keep files
		return h.picturePage(v)
	}
	found, err := h.api.StaffProduct(v.ctx(), v.part("id"))
	if err != nil {
		return absent(err)
	}
	image, err := v.sentFile(pictureField)
	if err != nil {
		return err
	}
	if len(image) == 0 || len(image) > mostPicture {
		form.Refuse(pictureField, v.view(nil).T("staff.no-picture-chosen"))
		return v.answer(http.StatusUnprocessableEntity, "staff/picture", productForm{found, form})
	}
	if err := h.api.SetPicture(v.ctx(), found.ID, image); err != nil {
		return v.again("staff/picture", form, productForm{found, form}, err)
	}
	return v.redirect("/staff/products/"+found.ID, "staff.done.picture")
}

// pictureField is the field with a picture, by the name that inventory has for it, and mostPicture how large one may be, in bytes.
const (
	pictureField = "image"
	mostPicture  = 1 << 20
)

// sentFile returns the file of a form, nil if there is none.
func (v *visit) sentFile(name string) ([]byte, error) {
	file, _, err := v.r.FormFile(name)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(err)
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, mostPicture+1))
	if err != nil {
		return nil, unreadable(err)
	}
	return raw, nil
}

func (h assortment) removePicture(v *visit) error {
	if err := h.api.RemovePicture(v.ctx(), v.part("id")); err != nil {
		return absent(err)
	}
	return v.redirect("/staff/products/"+url.PathEscape(v.part("id")), "staff.done.picture-removed")
}
