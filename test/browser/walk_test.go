package browser

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"stoa/test/client"
)

// served is a site of one page.
func served(t *testing.T, page string) *client.Shop {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(server.Close)
	return &client.Shop{URL: server.URL}
}

// everybodyDoesTheirPart is what somebody does who has just started the system: nothing but clicks and typing.
func (s *stage) everybodyDoesTheirPart(t *testing.T, scripts bool) {
	product := s.NewProduct(t, s.SignIn(t, "staff"), 5)
	customer := s.open(t, scripts)
	order := customer.buys(s, product.Name)
	customer.comments("The lid fits, too.")

	title := "What fits into " + product.Name
	author := s.open(t, scripts)
	author.signInAs(s, "author", "/write")
	author.writes(title, scripts)
	editor := s.open(t, scripts)
	editor.signInAs(s, "editor", "/review")
	editor.publishes(title)
	customer.comesToShow("/blog", title)
	customer.click(title)
	customer.shows("It holds olive oil.")

	staff := s.open(t, scripts)
	staff.signInAs(s, "staff", "/staff")
	staff.ships(order)
	customer.comesToShow(order, "Your order is on its way.")

	admin := s.open(t, scripts)
	admin.signInAs(s, "admin", "/admin")
	admin.makesAKey(t, s)
}

// buys orders a product as somebody who is new, and sees that it is confirmed. It returns the address of the order.
func (b *tab) buys(s *stage, product string) string {
	b.Helper()
	b.visit("/", 200)
	b.click("Go shopping")
	b.fill("Search the shop", product)
	b.click("Search")
	b.shows("Products with")
	b.click(product)
	b.click("Add to cart")
	b.shows("It is in your cart.")
	b.visit("/cart", 200)
	b.click("Checkout")
	b.shows("Forgot your password?")
	b.click("Create an account")
	b.fillSignUp(s, "Clara Customer")
	b.await("the checkout is there", `location.pathname === "/checkout"`)
	b.click("Order now for")
	b.await("the order is there", `location.pathname.startsWith("/orders/")`)
	b.confirmed()
	return strings.TrimPrefix(eval[string](b, `location.href`), b.site)
}

// confirmed waits until the page says that an order is confirmed, which it does by itself, or when it is loaded again.
func (b *tab) confirmed() {
	b.Helper()
	const text = "Your pieces are reserved."
	b.await("the order is confirmed", `document.body.innerText.includes(`+quote(text)+`) ||
		(document.querySelector("noscript")?.checkVisibility() && document.querySelector("noscript a")?.click())`)
}

// comments finds a post, and says something about it.
func (b *tab) comments(text string) {
	b.Helper()
	b.visit("/blog", 200)
	b.fill("Search the blog", "about packing")
	b.click("Search")
	b.shows("Posts with")
	b.click("A post that is about packing")
	b.fill("Your comment", text)
	b.click("Send")
	b.shows("Your comment is there.")
	b.shows(text)
}

// writes writes a post and submits it. With scripts, the page saves it meanwhile.
func (b *tab) writes(title string, scripts bool) {
	b.Helper()
	b.click("New post")
	b.fill("Title", title)
	b.click("Begin to write")
	b.fill("Description", "About a pot.")
	b.fill("Text", "## Oil\n\nIt holds **olive** oil.")
	b.fill("Tags", "Pots")
	if scripts {
		b.await("the preview follows", `document.querySelector("#draft-preview strong")?.innerText === "olive"`)
	}
	b.click("Save and submit")
	b.shows("The editors have it now.")
}

// publishes publishes what was submitted under a title.
func (b *tab) publishes(title string) {
	b.Helper()
	b.click(title)
	b.shows("What readers get")
	b.click("Publish now")
	b.shows("The post is published.")
}

// ships ships an order.
func (b *tab) ships(order string) {
	b.Helper()
	b.visit("/staff"+order, 200)
	b.click("Ship")
	b.shows("Shipped.")
}

// makesAKey makes an API key that works.
func (b *tab) makesAKey(t *testing.T, s *stage) {
	t.Helper()
	b.click("API keys")
	b.click("Make an API key")
	b.fill("Purpose", "price comparison")
	b.click("Read the shop")
	b.click("Make the key")
	b.shows("Copy the key now.")
	key := eval[string](b, `document.getElementById("made-key").value`)
	s.Must(t, client.Request{Method: "GET", Path: "/products", Header: map[string]string{"x-api-key": key}}, http.StatusOK, nil)
	b.click("I have copied it")
	b.shows("price comparison")
}
