package browser

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"stoa/internal/stack"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/test/client"
	"stoa/test/system"
)

// stage is a running system with the demo products and posts, and a browser before it.
type stage struct {
	*client.Shop
	browser context.Context
	// people are their addresses and passwords, by who they are.
	people map[string]person
	// ids are those of things, by what they are.
	ids map[string]string
}

type person struct{ email, password string }

// newStage starts the system and the browser, which end with the test. Where addresses are verified, the demo has no posts.
func newStage(t *testing.T, verifies bool) *stage {
	t.Helper()
	program := find(t)
	dir := system.Folder(t)
	verifying := func(o *stack.Options) { o.Env["VERIFY_ADDRESSES"] = strconv.FormatBool(verifies) }
	s := &stage{Shop: client.Start(t, dir, verifying), people: map[string]person{}, ids: map[string]string{}}
	s.browser = start(t, program)
	for _, name := range []string{"dapr.yaml", "components"} { // what the command finds the system by
		must.Do(t, os.Symlink(filepath.Join(system.Root(t), name), filepath.Join(dir, name)))
	}
	seed := exec.CommandContext(t.Context(), filepath.Join(system.Root(t), "bin", "stoa"), "--dir", dir, "seed")
	if out, err := seed.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for role, account := range s.Accounts {
		s.people[role] = person{account.Email, account.Password}
	}
	return s
}

// start starts a browser that reaches nothing but this machine.
func start(t *testing.T, program string) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "en-US"),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		cancel()
		end()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// tabOf opens a tab in which somebody is signed in, or nobody for "guest".
func (s *stage) tabOf(t testing.TB, who string, scripts bool) *tab {
	t.Helper()
	b := s.open(t, scripts)
	if p, ok := s.people[who]; ok {
		b.signIn(p.email, p.password, "/account")
	} else if who != "guest" {
		t.Fatalf("who is %s?", who)
	}
	return b
}

// object is a body of a request.
type object = map[string]any

// Names that are longer than most, and a word that does not fit into a line of a telephone.
const (
	longName = "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff-Papadiamantopoulos von und zu Altenberg"
	longWord = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
)

// furnish adds people, orders, posts and the rest, so that each page has something to show, also what is long.
func (s *stage) furnish(t *testing.T) {
	t.Helper()
	customer, reader := s.newcomer(t, "customer", ""), s.newcomer(t, "reader", longName)
	unverified := s.SignUpOnly(t)
	s.people["newcomer"] = person{unverified.Email, client.Password}
	s.sell(t, customer, reader)
	s.write(t)
	s.talk(t, customer, reader)
	s.administer(t, customer)
	s.Must(t, client.Request{Method: "POST", Path: "/auth/profile/mine/data", As: reader, Body: object{"password": client.Password}}, http.StatusAccepted, nil)
	s.AwaitMyData(t, reader)
}

// newcomer signs up somebody, with a name of their own or the usual one.
func (s *stage) newcomer(t *testing.T, who, name string) client.User {
	t.Helper()
	user := s.SignUp(t)
	if name != "" {
		s.Must(t, client.Request{Method: "PATCH", Path: "/auth/profile/mine", As: user, Body: object{"name": name}}, http.StatusOK, nil)
	}
	s.people[who] = person{user.Email, client.Password}
	return user
}

// sell makes products, an order in each state, and a cart.
func (s *stage) sell(t *testing.T, customer, reader client.User) {
	t.Helper()
	staff := s.SignIn(t, "staff")
	product, last := s.NewProduct(t, staff, 50), s.NewProduct(t, staff, 2)
	s.ids["product"] = product.ID
	s.ids["sold out"] = s.product(t, staff, longWord+" in einer sehr großen Ausführung, mit Deckel")
	for _, status := range []string{"confirmed", "shipped", "delivered", "cancelled"} {
		order := s.PlaceOrder(t, customer, product.ID, 1)
		s.ids[status] = order.ID
		s.AwaitOrder(t, customer, order.ID, "confirmed")
		switch status {
		case "shipped", "delivered":
			s.Fulfil(t, staff, order.ID, "ship")
		case "cancelled":
			s.Await(t, client.Request{Method: "POST", Path: "/orders/" + order.ID + "/cancel", As: customer}, http.StatusOK, http.StatusAccepted)
		}
		if status == "delivered" {
			s.Fulfil(t, staff, order.ID, "deliver")
		}
		s.AwaitOrder(t, customer, order.ID, status)
	}
	rejected := s.PlaceOrder(t, customer, last.ID, 3)
	s.AwaitOrder(t, customer, rejected.ID, "rejected")
	s.ids["rejected"] = rejected.ID
	s.AwaitOrder(t, reader, s.PlaceOrder(t, reader, product.ID, 12).ID, "confirmed")

	browser := s.Browser(t)
	browser.SignIn(t, customer.Email, client.Password)
	browser.Post(t, "/products/"+product.ID, "quantity", "2")
}

// product adds a product with this name, of which there is nothing.
func (s *stage) product(t *testing.T, staff client.User, name string) string {
	t.Helper()
	var made client.Product
	s.Must(t, client.Request{Method: "POST", Path: "/products", As: staff, Body: object{
		"name": name, "description": strings.Repeat(longWord+" ", 5), "sku": "LONG-" + strings.Repeat("0", 58), "price": client.Money{Amount: 123456789, Currency: "EUR"},
	}}, http.StatusCreated, &made)
	return made.ID
}

// article is a text with all that a post may have.
const article = "## A heading\n\nSome text with `code`, **weight** and [a link](https://example.org).\n\n> A quotation.\n\n" +
	"```go\nfunc main() {\n\tfmt.Println(\"a line that is much longer than a telephone is wide\", 42) // and a comment\n}\n```\n\n" +
	"### A smaller one\n\n| Pot | Pieces | Where it is kept, if somebody asks |\n|---|---:|---|\n| Amphora | 12 | On the upper shelf |\n\n" +
	"1. First\n2. Second\n\n## Another heading\n\n" + longWord + ".\n"

// write makes a post in each state.
func (s *stage) write(t *testing.T) {
	t.Helper()
	author, editor := s.SignIn(t, "author"), s.SignIn(t, "editor")
	draft := func(title string) string {
		var post client.Post
		r := client.DraftBy(author)
		r.Body = object{"title": title, "description": "What this is about, on one line.", "text": article, "tags": []string{"Pots", "Clay", "A tag with many words"}}
		s.Must(t, r, http.StatusCreated, &post)
		return post.ID
	}
	act := func(id, what string, as client.User) { s.Must(t, client.ActOn(id, what, as), http.StatusOK, nil) }
	s.ids["draft"] = draft("A draft")
	for _, name := range []string{"submitted", "refused", "post", "changed", "about packing"} {
		title := "A post that is " + name
		if name == "post" {
			title = longWord + " and what it has to do with pots, told at length so that the title takes several lines"
		}
		s.ids[name] = draft(title)
		act(s.ids[name], "author/submit", author)
	}
	s.Must(t, client.Refusal(s.ids["refused"], editor, "Say where the clay is from."), http.StatusOK, nil)
	var post client.Post
	s.Must(t, client.ActOn(s.ids["post"], "editor/publish", editor), http.StatusOK, &post)
	s.ids["slug"], s.ids["author"] = post.Slug, author.ID
	act(s.ids["about packing"], "editor/publish", editor)
	s.Must(t, client.ActOn(s.ids["changed"], "editor/publish", editor), http.StatusOK, &post)
	s.Must(t, client.Request{
		Method: "PATCH", Path: "/blog/author/id/" + post.ID, As: author, Header: map[string]string{"If-Match": fmt.Sprintf("%q", fmt.Sprint(post.Version))},
		Body: object{"title": "A post with another title", "text": strings.Replace(article, "Some text", "Some other text", 1)},
	}, http.StatusOK, nil)
	act(post.ID, "author/submit", author)
}

// talk makes a comment with a reply, a report, something that is followed, and a tag that becomes another one.
func (s *stage) talk(t *testing.T, customer, reader client.User) {
	t.Helper()
	editor := s.SignIn(t, "editor")
	var comment, reply client.Comment
	s.Must(t, client.CommentOn(s.ids["post"], reader, "I have one of these: "+longWord+"\n\nhttps://example.org/"+longWord), http.StatusCreated, &comment)
	s.ids["comment"] = comment.ID
	answer := client.CommentOn(s.ids["post"], customer, "So have I.")
	answer.Body = object{"text": "So have I.", "replyTo": comment.ID}
	s.Must(t, answer, http.StatusCreated, &reply)
	s.Must(t, client.CommentOn(s.ids["post"], customer, "And where is the clay from?"), http.StatusCreated, &reply)
	s.ids["own comment"] = reply.ID
	s.Must(t, client.Request{Method: "POST", Path: "/blog/comments/" + comment.ID + "/report", As: customer, Body: object{"reason": "Nobody can pronounce that."}}, http.StatusNoContent, nil)
	for _, what := range []string{"authors/" + s.ids["author"], "tags/POTS"} {
		s.Must(t, client.Following("PUT", what, customer), http.StatusOK, nil)
	}
	var job struct{ ID string }
	s.Must(t, client.Request{Method: "POST", Path: "/blog/editor/tags/CLAY/merge", As: editor, Body: object{"into": "POTS"}}, http.StatusAccepted, &job)
	s.ids["job"] = job.ID
}

// administer makes an API key and a dead letter.
func (s *stage) administer(t *testing.T, customer client.User) {
	t.Helper()
	admin := s.SignIn(t, "admin")
	var key struct{ ID string }
	s.Must(t, client.Request{Method: "POST", Path: "/auth/apikeys", As: admin, Body: object{"name": "price comparison", "permissions": []string{"shop:read"}}},
		http.StatusCreated, &key)
	s.ids["key"], s.ids["customer"] = key.ID, customer.ID

	const app = "order-api"
	publisher := must.Get(messaging.NewPublisher(s.Open(t, app).Client(), app))(t)
	event := must.Get(messaging.New("order.placed.v1", ids.New(), object{"id": "none"}))(t)
	must.Do(t, publisher.Publish(t.Context(), "order-placed", event))
	system.Eventually(t, "the dead letter is there", func() error {
		var letters client.PageOf[struct{ ID string }]
		s.Must(t, client.Request{Method: "GET", Path: "/backoffice/dead-letters", As: s.SignIn(t, "staff")}, http.StatusOK, &letters)
		if len(letters.Items) == 0 {
			return fmt.Errorf("there is none")
		}
		s.ids["letter"] = letters.Items[0].ID
		return nil
	})
}
