package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/test/client"
	"stoa/test/system"
)

// erasedWithin is how long an erasure may take.
const erasedWithin = time.Minute

// leaver is somebody who has left traces everywhere: orders, posts, a comment, notices, settings, a digest, and a role. A reader
// follows the author, and is followed.
type leaver struct {
	client.User
	name                      string
	shipped, open             client.Order
	published, draft, comment string
	reader                    client.User
}

func newLeaver(t *testing.T, shop *client.Shop) leaver {
	t.Helper()
	admin, editor, staff := shop.SignIn(t, "admin"), shop.SignIn(t, "editor"), shop.SignIn(t, "staff")
	product := shop.NewProduct(t, staff, 10)
	l := leaver{User: shop.SignUp(t), name: "Leonie " + fmt.Sprint(time.Now().UnixNano())}
	shop.Give(t, admin, l.User, "AUTHOR", "EDITOR")
	shop.Must(t, client.Request{Method: "PATCH", Path: "/auth/profile/mine", As: l.User, Body: map[string]string{
		"name": l.name, "profilePicUrl": "https://example.org/" + l.ID + ".png",
	}}, http.StatusOK, nil)
	l.User = shop.SignInAs(t, l.Email, client.Password) // with the name in the token

	l.shipped, l.open = shop.PlaceOrder(t, l.User, product.ID, 1), shop.PlaceOrder(t, l.User, product.ID, 1)
	for _, id := range []string{l.shipped.ID, l.open.ID} {
		shop.AwaitOrder(t, l.User, id, "confirmed")
	}
	system.Eventually(t, "the order is shipped", func() error {
		answer := shop.Try(t, client.Request{Method: "POST", Path: "/backoffice/fulfilments/" + l.shipped.ID + "/ship", As: staff})
		if answer.Status >= 300 {
			return fmt.Errorf("got %s", answer)
		}
		return nil
	})
	shop.AwaitOrder(t, l.User, l.shipped.ID, "shipped")

	l.reader = shop.SignUp(t)
	shop.Await(t, client.Following("PUT", "authors/"+l.ID, l.reader), http.StatusOK) // once the blog has heard of the account
	shop.Await(t, client.Following("PUT", "authors/"+l.reader.ID, l.User), http.StatusOK)
	shop.Must(t, client.WantsMails(l.User, "comments", "daily"), http.StatusOK, nil)
	l.published = shop.NewPost(t, l.User, editor).ID
	var made struct{ ID string }
	shop.Must(t, client.DraftBy(l.User), http.StatusCreated, &made)
	l.draft = made.ID
	shop.Must(t, client.CommentOn(l.published, l.User, "Signed, somebody."), http.StatusCreated, &made)
	l.comment = made.ID
	shop.Must(t, client.CommentOn(l.published, l.reader, "A remark."), http.StatusCreated, nil)
	awaitKind(t, shop, l.reader, client.Announced)
	awaitKind(t, shop, l.User, "comment-added")
	awaitNotice(t, shop, l.User, "order-shipped")
	return l
}

// awaitKind waits until an inbox has a notice of a kind, however that is mailed.
func awaitKind(t *testing.T, shop *client.Shop, u client.User, kind string) {
	t.Helper()
	system.Eventually(t, "there is a notice "+kind, func() error {
		inbox := client.All[client.Notice](t, shop, "/notifications", u)
		if !slices.ContainsFunc(inbox, func(n client.Notice) bool { return n.Kind == kind }) {
			return fmt.Errorf("the inbox is %+v", inbox)
		}
		return nil
	})
}

// leave deletes the account, after requests that are refused.
func (l leaver) leave(t *testing.T, shop *client.Shop, posts string) {
	t.Helper()
	wrong := client.DeletionOf(l.User, posts)
	wrong.Body = map[string]any{"password": "not the password", "posts": posts}
	shop.Try(t, wrong).Expect(t, http.StatusUnprocessableEntity, "invalid")
	inTheWay := client.DeletionOf(l.User, posts)
	inTheWay.Body = map[string]any{"password": client.Password, "posts": posts}
	answer := shop.Try(t, inTheWay)
	answer.Expect(t, http.StatusConflict, "conflict")
	if !strings.Contains(string(answer.Body), l.open.ID) || strings.Contains(string(answer.Body), l.shipped.ID) {
		t.Errorf("it names other orders than the open one: %s", answer)
	}
	// Twice at once: one is accepted, the other too, or it finds the session ended.
	got := statuses(t, shop, 2, func(int) client.Request { return client.DeletionOf(l.User, posts) })
	if got[http.StatusAccepted] == 0 || got[http.StatusAccepted]+got[http.StatusUnauthorized] != 2 {
		t.Errorf("got %v", got)
	}
}

// awaitErased waits until all services have heard of it: staff and readers see nobody, and no document of SQLite or Redis, which this can
// read, tells who it was.
func (l leaver) awaitErased(t *testing.T, shop *client.Shop, posts string, within time.Duration) {
	t.Helper()
	staff := shop.SignIn(t, "staff")
	system.Within(t, within, "all services have heard of it", func() error {
		for path, gone := range map[string]func(client.Answer) bool{
			"/orders/" + l.open.ID: func(a client.Answer) bool { return strings.Contains(string(a.Body), `"status":"cancelled"`) },
			"/blog/id/" + l.published: func(a client.Answer) bool {
				return a.Status == http.StatusNotFound || posts == "keep" && !strings.Contains(string(a.Body), l.name)
			},
		} {
			answer, err := shop.Do(t.Context(), client.Request{Method: "GET", Path: path, As: staff})
			if err != nil || answer.Status >= 500 || !gone(answer) {
				return fmt.Errorf("%s is still %s (%v)", path, answer, err)
			}
		}
		for _, item := range client.All[json.RawMessage](t, shop, "/backoffice/fulfilments", staff) {
			if strings.Contains(string(item), l.Email) {
				return fmt.Errorf("staff still see %s", item)
			}
		}
		left, err := shop.Mentions(t.Context(), l.who()...)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("left is %s", strings.Join(left, "\n"))
		}
		return err
	})
}

// checkAPI fails the test if anything that staff, editors or readers get tells who it was.
func (l leaver) checkAPI(t *testing.T, shop *client.Shop, posts string) {
	t.Helper()
	admin, staff := shop.SignIn(t, "admin"), shop.SignIn(t, "staff")
	shop.Must(t, client.SignInOf(l.Email, client.Password), http.StatusUnauthorized, nil)
	shop.Must(t, client.Request{Method: "GET", Path: "/auth/profile/id/" + l.ID}, http.StatusNotFound, nil)
	var users client.PageOf[json.RawMessage]
	shop.Must(t, client.Request{Method: "GET", Path: "/auth/users?email=" + l.Email, As: admin}, http.StatusOK, &users)
	if len(users.Items) != 0 {
		t.Errorf("the account is still found: %s", users.Items)
	}
	for _, item := range client.All[json.RawMessage](t, shop, "/backoffice/fulfilments", staff) {
		if text := string(item); strings.Contains(text, l.Email) || strings.Contains(text, l.name) {
			t.Errorf("staff still see %s", text)
		}
	}
	for id, want := range map[string]string{l.shipped.ID: "shipped", l.open.ID: "cancelled"} {
		var order client.Order
		shop.Must(t, client.Request{Method: "GET", Path: "/orders/" + id, As: staff}, http.StatusOK, &order)
		if order.Status != want || len(order.Items) != 1 || order.Total.Amount == 0 {
			t.Errorf("an order is %+v, want it %s, with its lines", order, want)
		}
	}
	var follows client.PageOf[struct{ Author struct{ Name string } }]
	shop.Must(t, client.Request{Method: "GET", Path: "/blog/following", As: l.reader}, http.StatusOK, &follows)
	if len(follows.Items) != 1 || follows.Items[0].Author.Name != "deleted account" {
		t.Errorf("the reader follows %+v", follows.Items)
	}
	if posts == "delete" {
		shop.Must(t, client.Request{Method: "GET", Path: "/blog/id/" + l.published}, http.StatusNotFound, nil)
		return
	}
	var read post
	shop.Must(t, client.Request{Method: "GET", Path: "/blog/id/" + l.published}, http.StatusOK, &read)
	if read.Author.Name != "deleted account" || read.HTML == "" {
		t.Errorf("readers see %+v", read)
	}
	var comments client.PageOf[struct {
		ID     string
		Author struct{ Name string }
	}]
	shop.Must(t, client.Request{Method: "GET", Path: "/blog/id/" + l.published + "/comments"}, http.StatusOK, &comments)
	for _, c := range comments.Items {
		if left := c.Author.Name == "deleted account"; left != (c.ID == l.comment) {
			t.Errorf("comments: %+v", comments)
		}
	}
}

// Nothing of those who leave is shown within a minute, whatever bus and store.
func TestLeaving_isSeenNowhere(t *testing.T) {
	t.Parallel()
	for _, posts := range []string{"keep", "delete"} {
		t.Run(posts, func(t *testing.T) {
			t.Parallel()
			l := newLeaver(t, shop)
			l.leave(t, shop, posts)
			l.awaitErased(t, shop, posts, erasedWithin)
			l.checkAPI(t, shop, posts)
		})
	}
}

// Orders are placed one after the other while the account is deleted: each is refused, or is cancelled or rejected in the end.
func TestLeaving_whileOrdersArePlaced(t *testing.T) {
	t.Parallel()
	staff := shop.SignIn(t, "staff")
	product, customer := shop.NewProduct(t, staff, 100), shop.SignUp(t)
	placed := make(chan string, 200)
	done := make(chan struct{})
	go func() {
		defer close(placed)
		for range cap(placed) {
			answer, err := shop.Do(t.Context(), client.OrderBy(customer, product.ID, 1))
			if err != nil || answer.Status == http.StatusUnauthorized {
				return
			}
			var order client.Order
			if answer.Status == http.StatusCreated && json.Unmarshal(answer.Body, &order) == nil {
				placed <- order.ID
			}
			select {
			case <-done:
				return
			default:
			}
		}
	}()
	first := <-placed
	shop.Must(t, client.DeletionOf(customer, "keep"), http.StatusAccepted, nil)
	all := []string{first}
	for id := range placed {
		all = append(all, id)
	}
	close(done)
	for _, id := range all {
		system.Within(t, erasedWithin, "the order is over", func() error {
			var order client.Order
			shop.Must(t, client.Request{Method: "GET", Path: "/orders/" + id, As: staff}, http.StatusOK, &order)
			if order.Status != "cancelled" && order.Status != "rejected" {
				return fmt.Errorf("%s is %s", id, order.Status)
			}
			return nil
		})
	}
	shop.AwaitStock(t, product.ID, client.Product{Stock: 100, Available: 100})
}

// notification is down while somebody leaves, and hears of it when it is back. The links in old mails still say what they end.
func TestLeaving_whileNotificationIsDown(t *testing.T) {
	shop := client.Borrow(t)
	l := newLeaver(t, shop)
	link := shop.EndLink(t, shop.AwaitNotice(t, l.User, l.published, "post-published"))
	thaw := freeze(t, shop, "notification")
	l.leave(t, shop, "keep")
	thaw()
	l.awaitErased(t, shop, "keep", erasedWithin)
	l.checkAPI(t, shop, "keep")
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		page := shop.FollowLink(t, method, link)
		if page.Status != http.StatusOK || !strings.Contains(string(page.Body), "You get no more of these mails") {
			t.Errorf("%s shows %s", method, page)
		}
	}
}

// All that have something to forget die right after the account is closed.
func TestLeaving_whateverDies(t *testing.T) {
	shop := client.Borrow(t)
	l := newLeaver(t, shop)
	l.leave(t, shop, "delete")
	for _, app := range []string{"auth", "order-worker", "notification", "backoffice", "blog"} {
		shop.Kill(t, app)
	}
	l.awaitErased(t, shop, "delete", 2*erasedWithin)
	l.checkAPI(t, shop, "delete")
}
