package observability

import (
	"net/http"
	"testing"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/test/client"
)

// people do what a system is for.
type people struct {
	staff, customer, author, editor client.User
	publisher                       *messaging.Publisher
}

func newPeople(t *testing.T) people {
	t.Helper()
	author := shop.NewAuthor(t, shop.SignIn(t, "admin"))
	p := people{staff: shop.SignIn(t, "staff"), customer: shop.SignUp(t), author: author, editor: shop.KnownEditor(t, author)}
	shop.NewPost(t, p.author, p.editor) // an author without posts has no followers
	shop.Must(t, client.Following(http.MethodPut, "authors/"+author.ID, p.customer), http.StatusOK, nil)
	shop.Must(t, client.WantsMails(p.customer, "following", "at_once"), http.StatusOK, nil)
	p.publisher = must.Get(messaging.NewPublisher(shop.Open(t, "order-api").Client(), "order-api"))(t)
	return p
}

// act has everything happen once: an order that is delivered, one that is cancelled, one for which stock is missing, a post that is
// published and commented on, a sign-in in a browser, and an event that nobody can handle.
func (p people) act(t *testing.T) {
	t.Helper()
	product := shop.NewProduct(t, p.staff, 3)
	order := shop.PlaceOrder(t, p.customer, product.ID, 1)
	shop.AwaitMail(t, order.ID, "order-confirmed")
	shop.Fulfil(t, p.staff, order.ID, "ship")
	shop.AwaitOrder(t, p.customer, order.ID, "shipped")
	shop.Fulfil(t, p.staff, order.ID, "deliver")
	shop.AwaitOrder(t, p.customer, order.ID, "delivered")

	cancelled := shop.PlaceOrder(t, p.customer, product.ID, 1)
	shop.Await(t, client.Request{Method: "POST", Path: "/orders/" + cancelled.ID + "/cancel", As: p.customer}, http.StatusOK, http.StatusAccepted)
	rejected := shop.PlaceOrder(t, p.customer, product.ID, 100)
	shop.AwaitOrder(t, p.customer, rejected.ID, "rejected")

	post := shop.NewPost(t, p.author, p.editor)
	shop.Must(t, client.CommentOn(post.ID, p.customer, "We count three times."), http.StatusCreated, nil)
	shop.AwaitNotice(t, p.customer, post.ID, client.Announced)

	browser := shop.Browser(t)
	browser.SignIn(t, p.customer.Email, client.Password)
	if page := browser.Get(t, "/orders"); page.Status != http.StatusOK {
		t.Errorf("the page of orders is %s", page)
	}

	e := must.Get(messaging.New("order.placed.v1", ids.New(), map[string]string{"id": "none"}))(t)
	must.Do(t, p.publisher.Publish(t.Context(), "order-placed", e))
}
