package browser

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"stoa/test/client"
)

// anOrderLeavesTheFocus has staff ship an order while its customer is about to cancel it.
func (s *stage) anOrderLeavesTheFocus(t *testing.T) {
	staff := s.SignIn(t, "staff")
	customer := s.SignUp(t)
	order := s.PlaceOrder(t, customer, s.NewProduct(t, staff, 5).ID, 1)
	s.AwaitOrder(t, customer, order.ID, "confirmed")
	b := s.open(t, true)
	b.signIn(customer.Email, client.Password, "/orders/"+order.ID)
	b.shows("Your pieces are reserved.")
	b.tabTo("Cancel the order")
	s.Fulfil(t, staff, order.ID, "ship")
	b.shows("Your order is on its way.")
	if got := b.focused(); got != "Cancel the order" {
		t.Errorf("the focus is at %q", got)
	}
	b.press(kb.Tab)
	s.Fulfil(t, staff, order.ID, "deliver")
	b.shows("Your order has arrived.")
	if !eval[bool](b, `document.activeElement !== document.body`) {
		t.Error("the focus is lost")
	}
	b.enter("Put these into the cart again")
	b.shows("They are in your cart.")
}

// aDraftLeavesTheFocus has a draft saved while its author goes on typing.
func (s *stage) aDraftLeavesTheFocus(t *testing.T) {
	author := s.NewAuthor(t, s.SignIn(t, "admin"))
	var post client.Post
	s.Must(t, client.DraftBy(author), http.StatusCreated, &post)
	b := s.open(t, true)
	b.signIn(author.Email, client.Password, "/write/"+post.ID)
	b.fill("Text", "one three")
	eval[bool](b, `document.activeElement.setSelectionRange(4, 4) ?? true`)
	b.await("it is saved", `document.querySelector("#draft-preview").innerText.includes("one three")`)
	b.write("two ")
	b.await("it is saved again", `document.querySelector("#draft-preview").innerText.includes("one two three")`)
	if at := eval[[]any](b, `[document.activeElement.id, document.activeElement.value, document.activeElement.selectionStart]`); at[0] != "text" || at[1] != "one two three" || at[2] != 8.0 {
		t.Errorf("the focus is at %v", at)
	}
	b.shows("Saved:")
	b.visit("/write/"+post.ID, 200)
	if text := eval[string](b, `document.getElementById("text").value`); text != "one two three" {
		t.Errorf("what is stored is %q", text)
	}
}

// anErrorHasTheFocus sends forms that are refused: the field has the focus, and its error describes it.
func (s *stage) anErrorHasTheFocus(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		b := s.open(t, scripts)
		b.reach(takenSignUp(place{path: "/sign-up"}, s.people["customer"].email))
		// Without scripts it is the browser that gives the focus, once it has drawn the page.
		b.await("the address has the focus, and its error describes it", `(field => field.id === "email" && field.ariaInvalid === "true" &&
			document.getElementById(field.getAttribute("aria-describedby"))?.innerText)(document.activeElement)`)
	}
}
