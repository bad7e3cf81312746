package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"stoa/pkg/common/ids"
	"stoa/test/client"
	"stoa/test/system"
)

// linkTo finds the link whose text has these words, and fails if there is none.
func linkTo(page client.Answer, words string, to *string) error {
	body := string(page.Body)
	at := strings.Index(body, words)
	if at < 0 {
		return fmt.Errorf("there is no %q on %d", words, page.Status)
	}
	begin := strings.LastIndex(body[:at], `href="`)
	if begin < 0 {
		return errors.New("there is no link before it")
	}
	*to, _, _ = strings.Cut(body[begin+len(`href="`):], `"`)
	return nil
}

// missing fails if a page shows a text.
func missing(page client.Answer, text string) error {
	if page.Status != http.StatusOK || strings.Contains(string(page.Body), text) {
		return fmt.Errorf("it shows %q, or is a %d", text, page.Status)
	}
	return nil
}

// Staff add a product, a customer orders it, and staff ship and deliver it: by pages alone, and without scripts.
func TestStaffPages_fromTheProductToItsDelivery(t *testing.T) {
	t.Parallel()
	staff, buyer, customer := member(t, "staff"), shop.Browser(t), shop.SignUp(t)
	buyer.SignIn(t, customer.Email, client.Password)
	sku := ids.New()
	picture := fill(t, staff, "/staff/products/new", "/staff/products/new",
		"name", "Kylix "+sku, "description", "A cup.", "price.amount", "12,50", "price.currency", "EUR", "sku", sku, "pieces", "3")
	product := strings.TrimSuffix(strings.TrimPrefix(picture, "/staff/products/"), "/picture")
	wantPage(t, staff.Get(t, picture), http.StatusOK, "The product is in the shop.")
	awaitPage(t, buyer, "/products/"+product, "12.50")

	answer := staff.Upload(t, picture, "image", "cup.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><circle r="1"/></svg>`))
	if answer.Status != http.StatusSeeOther {
		t.Fatalf("the picture: got %s", answer)
	}
	var shown string
	system.Eventually(t, "the shop shows the picture", func() error {
		_, rest, found := strings.Cut(string(buyer.Get(t, "/products/"+product).Body), `src="/api/v1/products/`)
		shown, _, _ = strings.Cut(rest, `"`)
		if !found {
			return errors.New("it does not")
		}
		return nil
	})
	if drawn := shop.Browser(t).Get(t, "/api/v1/products/"+shown); drawn.Status != http.StatusOK || drawn.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("the picture is %s", drawn)
	}

	leadOn(t, buyer, "/products/"+product, "quantity", "2")
	order := fill(t, buyer, "/checkout", "/checkout")
	number := strings.TrimPrefix(order, "/orders/")
	awaitPage(t, staff, "/staff/orders?status=queued", number)
	leadOn(t, staff, "/staff/orders", "step", "ship", "chosen", number)
	awaitPage(t, buyer, order, "Your order is on its way.")
	awaitPage(t, staff, "/staff/orders?status=shipped", number)
	leadOn(t, staff, "/staff/orders", "step", "deliver", "only", number)
	awaitPage(t, buyer, order, "Put these into the cart again")
	awaitPage(t, staff, "/staff/customers?q="+customer.Email, number)
	if found := staff.Get(t, "/staff/customers?q="+number); found.Header.Get("Location") != "/staff/orders/"+number {
		t.Errorf("by number: got %s", found)
	}
	wantPage(t, staff.Get(t, "/staff/orders/"+number), http.StatusOK, "Kylix "+sku, "Clara Customer")

	stock := "/staff/products/" + product + "/stock"
	fill(t, staff, stock, stock, "change", "-1", "reason", "One is broken.")
	wantPage(t, staff.Get(t, stock), http.StatusOK, "One is broken.")
	fill(t, staff, "/staff/products/"+product+"/remove", "/staff/products/"+product+"/remove")
	wantPage(t, staff.Get(t, "/staff/products/"+product), http.StatusNotFound)
}

// Many orders are shipped at once, and each says for itself what became of it.
func TestStaffPages_sayWhatBecameOfEach(t *testing.T) {
	t.Parallel()
	staff, product, customer := member(t, "staff"), shop.NewProduct(t, shop.SignIn(t, "staff"), 9), shop.SignUp(t)
	form := []string{"step", "ship"}
	for range 3 {
		order := shop.PlaceOrder(t, customer, product.ID, 1)
		form = append(form, "chosen", order.ID)
		awaitPage(t, staff, "/staff/orders?status=queued", order.ID)
	}
	answer := staff.Post(t, "/staff/orders", append(form, "chosen", client.Unknown)...)
	wantPage(t, answer, http.StatusOK, "Not all of it is done", client.Unknown)
	for i := 3; i < len(form); i += 2 {
		awaitPage(t, staff, "/staff/orders?status=shipped", form[i])
	}
}

// An admin makes a key, which works until it is revoked, and gives somebody a role.
func TestAdminPages_makeAKeyAndAnAuthor(t *testing.T) {
	t.Parallel()
	admin, customer, name := member(t, "admin"), shop.SignUp(t), "Comparison "+ids.New()
	form := []string{"name", name, "permissions", "shop:read", "key", ids.New()}
	made := admin.Post(t, "/admin/keys/new", form...)
	wantPage(t, made, http.StatusCreated, name)
	_, rest, _ := strings.Cut(string(made.Body), `class="secret" value="`)
	key, _, _ := strings.Cut(rest, `"`)
	program := client.Request{Method: "GET", Path: "/products", Header: map[string]string{"X-Api-Key": key}}
	shop.Must(t, program, http.StatusOK, nil)
	wantPage(t, admin.Post(t, "/admin/keys/new", form...), http.StatusConflict)
	var revoke string
	if err := linkTo(admin.Get(t, "/admin/keys"), "Revoke", &revoke); err != nil {
		t.Fatal(err)
	}
	if list := string(admin.Get(t, "/admin/keys").Body); strings.Contains(list, key) || strings.Count(list, name) != 2 { // its name, and its link
		t.Errorf("the list is %s", list)
	}

	user := "/admin/users/" + customer.ID + "?email=" + customer.Email
	leadOn(t, admin, user, "roles", "AUTHOR")
	wantPage(t, admin.Get(t, user), http.StatusOK, "The roles are changed.", `value="AUTHOR" checked`)
	browser := shop.Browser(t)
	browser.SignIn(t, customer.Email, client.Password)
	wantPage(t, browser.Get(t, "/write"), http.StatusOK)
	wantPage(t, admin.Get(t, "/admin/audit?account="+customer.ID), http.StatusOK, "set-roles")
	leave := "/admin/users/" + customer.ID + "/delete?email=" + url.QueryEscape(customer.Email)
	fill(t, admin, leave, leave)
	wantPage(t, browser.Post(t, "/sign-in", "email", customer.Email, "password", client.Password), http.StatusUnauthorized)
}
