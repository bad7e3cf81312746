package browser

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// press presses keys, one after another.
func (b *tab) press(keys string) {
	b.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// maxTabs is how often somebody presses the tab key on one page.
const maxTabs = 120

// focused is the name of what has the focus, as assistive technology says it.
func (b *tab) focused() string {
	b.Helper()
	return eval[string](b, scripted(`return document.activeElement === document.body ? "" : nameOf(document.activeElement)`))
}

// tabTo presses the tab key until something with this name has the focus. All that has it on the way shows that, but the content as a whole: a link leads there, and the page is not in its place before.
func (b *tab) tabTo(name string) {
	b.Helper()
	b.await("there is "+name, scripted(`return called(`+quote(name)+`)`))
	name = eval[string](b, scripted(`return nameOf(called(`+quote(name)+`))`))
	for range maxTabs {
		b.press(kb.Tab)
		if hidden := eval[string](b, `(() => {
			const e = document.activeElement, style = getComputedStyle(e);
			return e === document.body || e.id === "main" || style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 ? "" : e.outerHTML.slice(0, 200);
		})()`); hidden != "" {
			b.Errorf("at %s: nobody sees that this has the focus: %s", b.where(), hidden)
		}
		if b.focused() == name {
			return
		}
	}
	b.Fatalf("at %s: the tab key does not lead to %s: %s", b.where(), name, b.text())
}

// typeInto types into the field that the tab key leads to, in place of what is there.
func (b *tab) typeInto(label, text string) {
	b.Helper()
	b.tabTo(label)
	b.press(text)
}

// enter presses the enter key on what the tab key leads to.
func (b *tab) enter(name string) {
	b.Helper()
	b.tabTo(name)
	b.press(kb.Enter)
}

// checkoutByKeyboard buys something without a mouse.
func (s *stage) checkoutByKeyboard(t *testing.T) {
	product := s.NewProduct(t, s.SignIn(t, "staff"), 5)
	customer := s.SignUp(t)
	b := s.open(t, true)
	b.visit("/", 200)
	b.tabTo("Skip to the content")
	b.press(kb.Enter)
	b.enter("Go shopping")
	b.typeInto("Search the shop", product.Name)
	b.press(kb.Enter)
	b.shows("Products with")
	b.enter(product.Name)
	b.enter("Add to cart")
	b.shows("It is in your cart.")
	b.enter("Cart 1")
	b.enter("Checkout")
	b.typeInto("E-mail address", customer.Email)
	b.typeInto("Password", "correct horse battery")
	b.press(kb.Enter)
	b.await("the checkout is there", `location.pathname === "/checkout"`)
	b.enter("Order now for")
	b.await("the order is there", `location.pathname.startsWith("/orders/")`)
	b.confirmed()
	b.enter("Cancel the order")
	b.enter("Yes, cancel it")
	b.shows("This order was cancelled.")
}

// writingByKeyboard writes a post, gives it back, changes and publishes it, without a mouse.
func (s *stage) writingByKeyboard(t *testing.T) {
	title := fmt.Sprintf("By keyboard %s", s.ids["product"])
	author, editor := s.open(t, true), s.open(t, true)
	author.signInAs(s, "author", "/write")
	editor.signInAs(s, "editor", "/review")
	author.enter("New post")
	author.await("the title has the focus", `document.activeElement.id === "title"`)
	author.press(title)
	author.press(kb.Enter)
	author.typeInto("Description", "About keys.")
	author.typeInto("Text", "Keys open doors.")
	author.typeInto("Tags", "Keys")
	author.await("it is saved", `document.querySelector("#draft-preview")?.innerText.includes("Keys open doors.")`)
	author.enter("Save and submit")
	author.shows("The editors have it now.")

	editor.visit("/review", 200)
	editor.enter(title)
	editor.typeInto("What has to change?", "Which doors?")
	editor.enter("Give it back to its author")
	editor.shows("The author has it back, with your note.")

	author.visit("/write", 200)
	author.enter(title)
	author.shows("Which doors?")
	author.tabTo("Text")
	author.press("Those of the stoa. ")
	author.enter("Save and submit")
	author.shows("The editors have it now.")

	editor.visit("/review", 200)
	editor.enter(title)
	editor.shows("Those of the stoa.")
	editor.enter("Publish now")
	editor.shows("The post is published.")
}
