package hostile

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"stoa/api/access"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// somewhere puts ids that nothing has into the path of a page.
var somewhere = strings.NewReplacer("{id}", unknown, "{slug}", "there-is-no-such-post", "{tag}", "no-such-tag", "{month}", "2020-01", "{revision}", "1")

// TestPages_areForThoseWhoMay opens every page and sends every form, empty, as everybody, and holds what happens against what was decided.
func TestPages_areForThoseWhoMay(t *testing.T) {
	t.Parallel()
	c := newCast(t, shop)
	rules := must.Get(access.Pages())(t)
	for _, caller := range access.Callers() {
		if caller == access.NoKey || caller == access.WeakKey {
			continue // browsers have no key
		}
		browser := shop.Browser(t)
		if user := c.signedIn[caller]; user.Email != "" {
			browser.SignIn(t, user.Email, client.Password)
		}
		for _, path := range slices.Sorted(maps.Keys(rules)) {
			at, rule := somewhere.Replace(path), rules[path]
			if rule.Get != nil {
				expectPage(t, caller, "GET "+path, browser.Get(t, at), rule.Get.Outcome(caller))
			}
			if rule.Post != nil && path != "/sign-out" {
				expectPage(t, caller, "POST "+path, browser.Post(t, at), rule.Post.Outcome(caller))
			}
		}
	}
}

// expectPage holds an answer against the decision. What a page finds, once it is open, is another question.
func expectPage(t *testing.T, caller access.Caller, operation string, answer client.Answer, want access.Outcome) {
	t.Helper()
	asked := answer.Status == http.StatusUnauthorized || strings.HasPrefix(answer.Header.Get("Location"), "/sign-in")
	refused := answer.Status == http.StatusForbidden && !strings.Contains(string(answer.Body), "/account/verify")
	got := access.Allowed
	switch {
	case asked:
		got = access.Unauthenticated
	case refused:
		got = access.Forbidden
	}
	public := operation == "POST /sign-in" // it answers wrong passwords so
	if got != want && !public || answer.Status >= http.StatusInternalServerError {
		t.Errorf("%s, %s: got %s, want %d", operation, caller, answer, want)
	}
}

// Who knows the addresses of what others have sees none of it, and changes nothing.
func TestPages_areAboutTheVisitorsOwn(t *testing.T) {
	t.Parallel()
	c := newCast(t, shop)
	draft, comment := drafted(t, c, c.author), remarked(t, c, c.alice)
	post := "/blog/a-till-" + commentable(t, c, c.alice)
	session := sessionOf(t, c.alice)
	bob, stranger := shop.Browser(t), shop.Browser(t)
	bob.SignIn(t, c.bob.Email, client.Password)
	stranger.SignIn(t, c.signedIn["AUTHOR"].Email, client.Password)
	for path, browser := range map[string]*client.Browser{
		"/orders/" + c.order.ID: bob, "/orders/" + c.order.ID + "/live": bob, "/orders/" + c.order.ID + "/cancel": bob,
		"/write/" + draft: stranger, "/write/" + draft + "/delete": stranger, "/write/" + draft + "/revisions": stranger,
		"/write/" + draft + "/revisions/1": stranger, post + "/comments/" + comment + "/edit": bob, post + "/comments/" + comment + "/delete": bob,
	} {
		if answer := browser.Get(t, path); answer.Status != http.StatusNotFound {
			t.Errorf("GET %s: got %s", path, answer)
		}
	}
	text := []string{"title", "Taken", "text", "Taken", "version", "1", "do", "submit"}
	bob.Post(t, "/account/sessions", "id", session)
	for path, browser := range map[string]*client.Browser{
		"/orders/" + c.order.ID + "/cancel": bob, "/orders/" + c.order.ID + "/again": bob, "/write/" + draft: stranger, "/write/" + draft + "/autosave": stranger,
		"/write/" + draft + "/delete": stranger, "/write/" + draft + "/withdraw": stranger, "/write/" + draft + "/revisions/1": stranger,
		post + "/comments/" + comment + "/edit": bob, post + "/comments/" + comment + "/delete": bob,
	} {
		answer := browser.Post(t, path, text...)
		gone := strings.HasSuffix(path, "/delete") && answer.Status == http.StatusSeeOther // to what is said of what is not there
		saved := strings.HasSuffix(path, "/autosave") && answer.Status == http.StatusOK && strings.Contains(string(answer.Body), "Not saved.")
		if answer.Status != http.StatusNotFound && !gone && !saved {
			t.Errorf("POST %s: got %s", path, answer)
		}
	}
	c.Must(t, client.ProfileOf(c.alice), http.StatusOK, nil) // the session is there
	if order := c.Order(t, c.alice, c.order.ID); order.Status != "confirmed" {
		t.Errorf("the order is %s", order.Status)
	}
	var kept client.Post
	c.Must(t, client.Request{Method: "GET", Path: "/blog/author/id/" + draft, As: c.author}, http.StatusOK, &kept)
	if kept.Text != "Orders." {
		t.Errorf("the draft is %+v", kept)
	}
	var remark client.Comment
	c.Must(t, client.Request{Method: "GET", Path: "/blog/comments/" + comment, As: c.alice}, http.StatusOK, &remark)
	if remark.Text != "Once." {
		t.Errorf("the comment is %+v", remark)
	}
}

// A form that is sent many times at once is carried out once.
func TestForms_sentManyTimesAtOnceAreCarriedOutOnce(t *testing.T) {
	t.Parallel()
	c := newCast(t, shop)
	post, key, sku := "/blog/a-till-"+commentable(t, c, c.alice), ids.New(), ids.New()
	product := c.NewProduct(t, c.staff, 50)
	customer := c.SignUp(t)
	for _, tt := range []struct {
		name, path string
		as         client.User
		form       []string
		where      string // the page that shows what was made
		trace      string // that is there once
	}{
		{"a comment", post + "/comments", customer, []string{"text", "Said " + key, "key", key}, post, "<p>Said " + key},
		{"a post", "/write/new", c.signedIn["AUTHOR"], []string{"title", "Titled " + key, "key", key}, "/write", ">Titled " + key},
		{"a product", "/staff/products/new", c.signedIn["STAFF"], []string{
			"name", "Made " + key, "sku", sku, "price.amount", "1", "price.currency", "EUR", "pieces", "3", "key", key,
		}, "/staff/products", ">Made " + key},
		{"pieces", "/staff/products/" + product.ID + "/stock", c.signedIn["STAFF"], []string{"change", "7", "reason", "Found " + key, "key", key},
			"/staff/products/" + product.ID + "/stock", "Found " + key},
	} {
		browser := shop.Browser(t)
		browser.SignIn(t, tt.as.Email, client.Password)
		answers := make([]client.Answer, 5)
		system.AtOnce(len(answers), func(i int) { answers[i] = browser.Post(t, tt.path, tt.form...) })
		for _, answer := range answers {
			if answer.Status != http.StatusSeeOther || answer.Header.Get("Location") != answers[0].Header.Get("Location") {
				t.Errorf("%s: got %s to %q", tt.name, answer, answer.Header.Get("Location"))
			}
		}
		system.Eventually(t, tt.name+" is there once", func() error {
			if n := strings.Count(string(browser.Get(t, tt.where).Body), tt.trace); n != 1 {
				return fmt.Errorf("it is there %d times", n)
			}
			return nil
		})
	}
	if now := c.Product(t, product.ID); now.Stock != 57 {
		t.Errorf("there are %d pieces", now.Stock)
	}
}

// The order of a cart is one, from as many windows as somebody has.
func TestCheckout_fromManyWindowsAtOnceIsOneOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop)
	customer, first, second := w.SignUp(t), shop.Browser(t), shop.Browser(t)
	for _, browser := range []*client.Browser{first, second} {
		browser.SignIn(t, customer.Email, client.Password)
	}
	first.Post(t, "/products/"+w.product.ID, "quantity", "2")
	page := string(second.Get(t, "/checkout").Body)
	form := []string{"key", valueOf(page, "key"), "line", valueOf(page, "line")}
	places := make([]string, 8)
	system.AtOnce(len(places), func(i int) {
		places[i] = []*client.Browser{first, second}[i%2].Post(t, "/checkout", form...).Header.Get("Location")
	})
	if slices.Sort(places); !strings.HasPrefix(places[0], "/orders/") || len(slices.Compact(places)) != 1 {
		t.Fatalf("the orders are %v", places)
	}
	w.AwaitOrder(t, customer, strings.TrimPrefix(places[0], "/orders/"), "confirmed")
	if orders := w.Orders(t, customer); len(orders) != 1 {
		t.Errorf("there are %d orders", len(orders))
	}
	if cart := first.Get(t, "/cart"); !strings.Contains(string(cart.Body), "Your cart is empty.") {
		t.Errorf("the cart is %s", cart)
	}
}

// valueOf is the value of a hidden field.
func valueOf(page, name string) string {
	_, rest, _ := strings.Cut(page, `name="`+name+`" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// A cookie of a session that was ended is worth nothing, however it was got.
func TestPages_takeNoCookieOfAnEndedSession(t *testing.T) {
	t.Parallel()
	customer, browser, thief := shop.SignUp(t), shop.Browser(t), shop.Browser(t)
	browser.SignIn(t, customer.Email, client.Password)
	var cookies []string
	for _, cookie := range browser.Cookies() {
		cookies = append(cookies, cookie.Name+"="+cookie.Value)
	}
	browser.Post(t, "/sign-out")
	for _, header := range []string{strings.Join(cookies, "; "), "stoa-session=x", "stoa-session=" + strings.Repeat("A", 4000), "stoa-cart=" + strings.Repeat("B", 300)} {
		thief.Header.Set("Cookie", header)
		if answer := thief.Get(t, "/account"); answer.Status != http.StatusSeeOther || !strings.HasPrefix(answer.Header.Get("Location"), "/sign-in") {
			t.Errorf("%.40s: got %s", header, answer)
		}
		if answer := thief.Post(t, "/account", "name", "Taken"); answer.Status != http.StatusUnauthorized {
			t.Errorf("%.40s: got %s", header, answer)
		}
	}
}
