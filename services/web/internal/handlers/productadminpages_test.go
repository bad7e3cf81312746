package handlers_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
)

const oneProduct = "/api/v1/products/" + productID

// storeroom is what staff know of the catalogue.
func storeroom() map[string]any {
	known := object{"stock": 5, "reserved": 2, "sold": 7, "picture": "/api/v1/products/" + productID + "/picture/v1"}
	for name, value := range product {
		known[name] = value
	}
	return map[string]any{
		"GET /api/v1/products":              object{"items": []any{known}, "next": "p2"},
		"GET /api/v1/products/search":       object{"items": []any{known}},
		"GET " + oneProduct:                 known,
		"POST /api/v1/products":             object{"id": productID},
		"PUT " + oneProduct:                 known,
		"DELETE " + oneProduct:              object{},
		"PUT " + oneProduct + "/picture":    known,
		"DELETE " + oneProduct + "/picture": object{},
		"GET " + oneProduct + "/stock":      object{"items": []any{object{"change": -3, "reason": "broken <b>", "by": "d", "at": "2026-03-04T05:06:07Z", "stock": 5}}, "next": "s2"},
		"POST " + oneProduct + "/stock":     known,
	}
}

func TestProductAdmin_addsAProduct(t *testing.T) {
	w := newWorld(t, storeroom())
	b := w.browser().signIn(t, "stan")
	page := b.get(t, "/staff/products/new").shows(http.StatusOK, `value="EUR"`).Body.String()
	key := between(page, `name="key" value="`, `"`)
	typed := []string{"name", " Kylix ", "description", "A cup.\r\nOr two.", "price.amount", "12,5", "price.currency", "eur", "sku", "K-1", "pieces", "", "key", key}
	b.post(t, "/staff/products/new", typed...).leadsTo("/staff/products/" + productID + "/picture")
	r, body := w.last(t, "/api/v1/products")
	if r.Header.Get("Idempotency-Key") != key || key == "" ||
		body != `{"name":"Kylix","description":"A cup.\nOr two.","price":{"amount":1250,"currency":"EUR"},"sku":"K-1","stock":0}` {
		t.Errorf("got %v %s", r.Header, body)
	}
	w.answers["POST /api/v1/products"] = &errs.Error{Kind: errs.Conflict, Message: "another product has this SKU", Fields: []errs.Field{{Name: "sku", Problem: "belongs to another product"}}}
	b.post(t, "/staff/products/new", typed...).shows(http.StatusConflict, "belongs to another product", `value="12,5"`, key)
	b.post(t, "/staff/products/new", append(typed, "again", "yes")...).shows(http.StatusOK, `value="12,5"`, key)
}

func TestProductAdmin_readsPrices(t *testing.T) {
	w := newWorld(t, storeroom())
	b := w.browser().signIn(t, "stan")
	for typed, want := range map[string]string{
		"12.50 EUR": "1250", "12 EUR": "1200", "0 EUR": "0", "0.05 EUR": "5", "100 JPY": "100", "12.5 JPY": "", "12.505 EUR": "", "1.234,50 EUR": "", "-1 EUR": "",
		"x EUR": "", " EUR": "", ".5 EUR": "", "99999999999999999999 EUR": "", "10000000.01 EUR": "",
	} {
		amount, currency, _ := strings.Cut(typed, " ")
		answer := b.post(t, "/staff/products/"+productID, "name", "Kylix", "price.amount", amount, "price.currency", currency)
		if want == "" {
			answer.shows(http.StatusUnprocessableEntity, "Type an amount such as 12.50")
			continue
		}
		answer.leadsTo("/staff/products/" + productID)
		if _, body := w.last(t, oneProduct); !strings.Contains(body, `"amount":`+want+`,`) {
			t.Errorf("%s: got %s", typed, body)
		}
	}
}

func TestProductAdmin_changesAndRemoves(t *testing.T) {
	w := newWorld(t, storeroom())
	b := w.browser().signIn(t, "stan")
	b.get(t, "/staff/products").shows(http.StatusOK, "Amphora &lt;b&gt;", "/picture/v1", `href="/staff/products?cursor=p2"`)
	b.get(t, "/staff/products?q=amphora").shows(http.StatusOK, "Products with “amphora”.")
	b.get(t, "/staff/products/"+productID).shows(http.StatusOK, `value="1234.50"`, "Holds\nwine", `aria-current="page">Details`)
	b.get(t, "/staff/products/"+productID+"/remove").shows(http.StatusOK, "2 pieces are reserved for orders.")
	w.answers["DELETE "+oneProduct] = errs.New(errs.Conflict, "2 pieces are reserved for orders; ship or cancel those orders first")
	b.post(t, "/staff/products/"+productID+"/remove").shows(http.StatusConflict, "ship or cancel those orders first")
	w.answers["DELETE "+oneProduct] = object{}
	b.post(t, "/staff/products/"+productID+"/remove").leadsTo("/staff/products")
	w.answers["GET "+oneProduct] = errs.NotFound
	b.get(t, "/staff/products/"+productID).shows(http.StatusNotFound)
	b.post(t, "/staff/products/"+productID, "name", "x", "price.amount", "1", "price.currency", "EUR").shows(http.StatusNotFound)
	w.browser().signIn(t, "edith").get(t, "/staff/products/new").shows(http.StatusForbidden)
}

// upload sends a file.
func (b *browser) upload(t *testing.T, path, field string, file []byte) *reply {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part := must.Get(form.CreateFormFile(field, "amphora.png"))(t)
	must.Get(part.Write(file))(t)
	must.Do(t, form.Close())
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, &body)
	request.Header = b.header.Clone()
	request.Header.Set("Content-Type", form.FormDataContentType())
	for name, value := range b.cookies {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer := httptest.NewRecorder()
	b.handler.ServeHTTP(answer, request)
	return &reply{answer, t}
}

func TestProductAdmin_givesAPicture(t *testing.T) {
	w := newWorld(t, storeroom())
	b := w.browser().signIn(t, "stan")
	path := "/staff/products/" + productID + "/picture"
	b.get(t, path).shows(http.StatusOK, `src="/api/v1/products/`+productID+`/picture/v1"`, `type="file"`)
	b.upload(t, path, "image", []byte("\x89PNG")).leadsTo("/staff/products/" + productID)
	if _, body := w.last(t, oneProduct+"/picture"); body != `{"image":"iVBORw=="}` {
		t.Errorf("got %s", body)
	}
	b.upload(t, path, "image", nil).shows(http.StatusUnprocessableEntity, "Choose a picture of at most 1 MB.")
	b.upload(t, path, "image", make([]byte, 1<<20)).leadsTo("/staff/products/" + productID)
	b.upload(t, path, "image", make([]byte, 1<<20+1)).shows(http.StatusUnprocessableEntity, "Choose a picture of at most 1 MB.")
	b.post(t, path).shows(http.StatusUnprocessableEntity, "Choose a picture of at most 1 MB.")
	w.answers["PUT "+oneProduct+"/picture"] = errs.InvalidField("image", "must be a JPEG")
	b.upload(t, path, "image", []byte("x")).shows(http.StatusUnprocessableEntity, "must be a JPEG")
	b.post(t, path+"/remove").leadsTo("/staff/products/" + productID)
}

func TestStock_isChangedOnceForEachForm(t *testing.T) {
	w := newWorld(t, storeroom())
	b := w.browser().signIn(t, "stan")
	path := "/staff/products/" + productID + "/stock"
	page := b.get(t, path).shows(http.StatusOK, "broken &lt;b&gt;", "You", "cursor=s2").Body.String()
	key := between(page, `name="key" value="`, `"`)
	b.post(t, path, "change", "-3", "reason", "broken", "key", key).leadsTo(path)
	if r, body := w.last(t, oneProduct+"/stock"); r.Header.Get("Idempotency-Key") != key || body != `{"change":-3,"reason":"broken"}` {
		t.Errorf("got %v %s", r.Header, body)
	}
	for typed, problem := range map[string]string{"": "Type how many pieces", "0": "Type how many pieces", "1.5": "Type a whole number", "1000001": "Type a whole number", "x": "Type a whole number"} {
		b.post(t, path, "change", typed, "reason", "kept").shows(http.StatusUnprocessableEntity, problem, `value="kept"`)
	}
	w.answers["POST "+oneProduct+"/stock"] = errs.New(errs.Conflict, "only 3 pieces are available")
	b.post(t, path, "change", "-9", "reason", "kept").shows(http.StatusConflict, "only 3 pieces are available", `value="kept"`)
	w.answers["GET "+oneProduct+"/stock"] = object{"items": []any{object{"change": 20, "by": "other", "at": "2026-03-04T05:06:07Z"}, object{"change": 1, "by": accountID, "at": "2026-03-04T05:06:07Z"}}}
	w.answers["GET /api/v1/auth/profile/id/other"] = object{"name": "Otto <b>"}
	b.get(t, path).shows(http.StatusOK, "Otto &lt;b&gt;", "<code>0199c0de</code>", "+20")
	delete(w.answers, "GET "+oneProduct+"/stock")
	b.get(t, path).shows(http.StatusOK, "This part cannot be shown right now.", "Amphora")
}

// The catalogue is looked through in stretches: no list is ordered by stock.
func TestStock_showsWhatIsLow(t *testing.T) {
	w := newWorld(t, storeroom())
	reads := 0
	w.answers["GET /api/v1/products"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads++
		fmt.Fprintf(w, `{"items":[{"id":"%d","name":"Cup %d","available":%d}],"next":"%d"}`, reads, reads, reads*3, reads)
	})
	b := w.browser().signIn(t, "stan")
	b.get(t, "/staff/stock").shows(http.StatusOK, "Cup 1", `href="/staff/stock?cursor=3"`, `href="/staff/products/1/stock"`).hides("Cup 2", "Cup 3")
	b.get(t, "/staff/stock?at-most=1000&cursor=3").shows(http.StatusOK, "Cup 4", "Cup 6", `href="/staff/stock?at-most=1000&amp;cursor=6"`)
	b.get(t, "/staff/stock?at-most=-1").shows(http.StatusOK, "None of these products has so few pieces.", `value="5"`)
	w.answers["GET /api/v1/products"] = object{"items": []any{}}
	b.get(t, "/staff/stock").shows(http.StatusOK, "No product has so few pieces.")
}

// between returns what is between two texts.
func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}
