package chaos

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// Whichever process dies while somebody shops and writes with a browser: each answer is a page, nobody is signed out, each cart becomes
// one order, and the draft is what was saved last.
func TestPages_loseNothingWhenEveryProcessIsKilled(t *testing.T) {
	shop := client.Start(t, system.Folder(t), func(o *stack.Options) { o.Env["MAILS_PER_HOUR"], o.Env["OPEN_PIECES"] = "0", "0" })
	p := newPerson(t, shop)
	for round, victim := range shop.Processes() {
		must.Do(t, shop.Signal(victim.Name, os.Kill))
		began := time.Now()
		p.patience = 0
		p.buy(t)
		p.write(t, fmt.Sprintf("Written while %s was away.", victim.Name))
		if order := p.placed[round]; slices.Contains(p.placed[:round], order) {
			t.Errorf("%s: the order %s was there before", victim.Name, order)
		}
		t.Logf("%s: bought and wrote within %s, with %d pages that asked for patience", victim.Name, time.Since(began).Round(time.Millisecond), p.patience)
		system.Eventually(t, victim.Name+" is back", func() error { return shop.Replaced(victim) })
	}
	for _, order := range p.placed {
		shop.AwaitOrder(t, p.User, order, "confirmed")
	}
	if orders := shop.Orders(t, p.User); len(orders) != len(p.placed) {
		t.Errorf("there are %d orders of %d carts", len(orders), len(p.placed))
	}
}

// person is somebody in front of a browser.
type person struct {
	client.User
	*client.Browser
	shop           *client.Shop
	product, draft string
	placed         []string // the orders
	patience       int      // pages that asked to try again
}

func newPerson(t *testing.T, shop *client.Shop) *person {
	t.Helper()
	author := shop.NewAuthor(t, shop.SignIn(t, "admin"))
	p := &person{User: author, Browser: shop.Browser(t), shop: shop, product: shop.NewProduct(t, shop.SignIn(t, "staff"), 1000).ID}
	p.SignIn(t, author.Email, client.Password)
	var draft client.Post
	shop.Must(t, client.DraftBy(author), http.StatusCreated, &draft)
	p.draft = draft.ID
	return p
}

// look asks for a page, or sends a form, once. The error says that there was something else than a page that goes on.
func (p *person) look(t *testing.T, method, path string, form ...string) (client.Answer, error) {
	answer, err := p.Try(t.Context(), method, path, form...)
	if err != nil {
		return answer, err // the gateway was killed, and the browser says so
	}
	page := strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") && len(answer.Body) > 200
	to := answer.Header.Get("Location")
	switch {
	case answer.Status == http.StatusSeeOther && !strings.HasPrefix(to, "/sign-in"):
		return answer, nil
	case answer.Status == http.StatusUnauthorized, answer.Status == http.StatusSeeOther:
		t.Fatalf("%s %s: signed out", method, path)
	case !page:
		t.Fatalf("%s %s: %s is not a page", method, path, answer)
	case answer.Status >= http.StatusInternalServerError:
		p.patience++
		return answer, errors.New(answer.String())
	}
	return answer, nil
}

// insist repeats a step until it is done, as somebody with patience does.
func insist(t *testing.T, what string, step func() error) {
	t.Helper()
	system.Within(t, time.Minute, what, step)
}

// buy puts a piece into the cart, and orders what is in it. A form that was not answered is sent again as it was.
func (p *person) buy(t *testing.T) {
	t.Helper()
	insist(t, "a piece is in the cart", func() error {
		_, err := p.look(t, http.MethodPost, "/products/"+p.product, "quantity", "1")
		return err
	})
	var form []string
	insist(t, "the order is placed", func() error {
		if form == nil {
			page, err := p.look(t, http.MethodGet, "/checkout")
			key, line := fieldOf(page, "key"), fieldOf(page, "line")
			if err != nil || key == "" || line == "" {
				return errors.Join(err, errors.New("there is nothing to order yet"))
			}
			form = []string{"key", key, "line", line}
		}
		answer, err := p.look(t, http.MethodPost, "/checkout", form...)
		if err != nil {
			return err
		}
		if answer.Status != http.StatusSeeOther {
			form = nil // the page says why, and shows the cart as it is now
			return errors.New(answer.String())
		}
		p.placed = append(p.placed, strings.TrimPrefix(answer.Header.Get("Location"), "/orders/"))
		return nil
	})
	insist(t, "the order is shown", func() error {
		_, err := p.look(t, http.MethodGet, "/orders/"+p.placed[len(p.placed)-1])
		return err
	})
}

// write saves a text. If an answer was lost, the page says that the draft has changed, and saves on request.
func (p *person) write(t *testing.T, text string) {
	t.Helper()
	version := ""
	insist(t, "the draft is saved", func() error {
		if version == "" {
			page, err := p.look(t, http.MethodGet, "/write/"+p.draft)
			if version = fieldOf(page, "version"); err != nil || version == "" {
				return errors.Join(err, errors.New("there is no form yet"))
			}
		}
		answer, err := p.look(t, http.MethodPost, "/write/"+p.draft, "title", "Counting", "text", text, "version", version)
		if err == nil && answer.Status != http.StatusSeeOther {
			version, err = fieldOf(answer, "version"), errors.New(answer.String())
		}
		return err
	})
	insist(t, "the draft is what was saved last", func() error {
		page, err := p.look(t, http.MethodGet, "/write/"+p.draft)
		if err == nil && !strings.Contains(string(page.Body), text+"</textarea>") {
			t.Fatalf("the draft is not %q: %s", text, page)
		}
		return err
	})
}

// fieldOf is the value of a hidden field of a page.
func fieldOf(page client.Answer, name string) string {
	_, rest, _ := strings.Cut(string(page.Body), `name="`+name+`" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
