package browser

import (
	"strings"
	"testing"
	"time"

	"stoa/api/access"
	"stoa/pkg/common/must"
)

// place is a page, or a state of one.
type place struct {
	// name is that of its pictures.
	name string
	// route is its pattern in web, such as "/orders/{id}", and path what is asked for.
	route, path string
	// status is that of the answer, 200 unless it is another one.
	status int64
	// then brings the page into the state that is meant, by what people do.
	then func(*tab)
}

// places are all pages, by who looks at them.
func (s *stage) places() map[string][]place {
	at := func(name, route, of string) place {
		return place{name: name, route: route, path: strings.NewReplacer("{id}", s.ids[of], "{slug}", s.ids["slug"]).Replace(route)}
	}
	plain := func(route string) place { return at(strings.Trim(strings.ReplaceAll(route, "/", "-"), "-"), route, "") }
	state := func(p place, name, query string) place {
		p.name, p.path = name, p.path+query
		return p
	}
	remark := func(name, route, of string) place {
		p := at(name, "/blog/{slug}/comments"+route, of)
		return p
	}
	email := s.people["customer"].email
	return map[string][]place{
		"guest": {
			state(plain("/"), "front", ""), plain("/products"), state(plain("/products"), "products-found", "?q=amphora"), state(plain("/products"), "products-none", "?q=zzz"),
			at("product", "/products/{id}", "product"), at("product-sold-out", "/products/{id}", "sold out"),
			state(plain("/cart"), "cart-empty", ""), plain("/sign-in"), wrongSignIn(plain("/sign-in")), plain("/sign-up"), takenSignUp(plain("/sign-up"), email),
			plain("/forgotten"), plain("/blog"), state(plain("/blog"), "blog-found", "?q=amphora"), state(plain("/blog"), "blog-none", "?q=zzz"),
			at("post", "/blog/{slug}", ""), plain("/blog/all/tags"), {name: "tag", route: "/blog/tags/{tag}", path: "/blog/tags/POTS"},
			at("author", "/blog/authors/{id}", "author"), {name: "archive", route: "/blog/archive/{month}", path: "/blog/archive/" + time.Now().UTC().Format("2006-01")},
			remark("thread-guest", "/{id}", "comment"), {name: "nothing", path: "/there-is-no-such-page", status: 404},
		},
		"newcomer": {
			plain("/account/verify"), state(plain("/account"), "account-unverified", ""), state(plain("/orders"), "orders-none", ""),
			state(plain("/account/notices"), "notices-none", ""), state(plain("/account/following"), "following-none", ""), state(plain("/checkout"), "checkout-empty", ""),
			at("post-unverified", "/blog/{slug}", ""), {name: "forbidden", path: "/staff", status: 403},
		},
		"customer": {
			plain("/cart"), wrongQuantity(plain("/cart")), plain("/checkout"), plain("/orders"), at("order", "/orders/{id}", "confirmed"),
			at("order-shipped", "/orders/{id}", "shipped"), at("order-delivered", "/orders/{id}", "delivered"), at("order-cancelled", "/orders/{id}", "cancelled"),
			at("order-rejected", "/orders/{id}", "rejected"), at("order-cancel", "/orders/{id}/cancel", "confirmed"), at("order-again", "/orders/{id}/again", "delivered"),
			plain("/account"), plain("/account/password"), plain("/account/sessions"), plain("/account/notices"), plain("/account/mail"), plain("/account/data"),
			plain("/account/delete"), plain("/account/following"), at("post-customer", "/blog/{slug}", ""), remark("comment", "", ""), remark("thread", "/{id}", "comment"),
			remark("comment-edit", "/{id}/edit", "own comment"), remark("comment-delete", "/{id}/delete", "own comment"), remark("comment-report", "/{id}/report", "comment"),
			at("author-follow", "/blog/authors/{id}/follow", "author"), {name: "tag-follow", route: "/blog/tags/{tag}/follow", path: "/blog/tags/POTS/follow"},
		},
		"reader": {state(plain("/account"), "account-long", ""), state(plain("/account/data"), "account-data-ready", "")},
		"author": {
			plain("/write"), plain("/write/submitted"), plain("/write/published"), plain("/write/new"), at("draft", "/write/{id}", "draft"),
			at("draft-refused", "/write/{id}", "refused"), at("draft-of-published", "/write/{id}", "changed"), at("draft-delete", "/write/{id}/delete", "draft"),
			at("revisions", "/write/{id}/revisions", "changed"), revision(at("revision", "/write/{id}/revisions", "changed")),
			at("draft-autosave", "/write/{id}/autosave", "draft"), at("draft-withdraw", "/write/{id}/withdraw", "draft"), state(plain("/account/delete"), "account-delete-author", ""),
		},
		"editor": {
			plain("/review"), plain("/review/published"), at("review", "/review/posts/{id}", "submitted"), at("review-change", "/review/posts/{id}", "changed"),
			at("review-post", "/review/posts/{id}", "post"), plain("/review/reports"), state(plain("/review/reports"), "review-decided", "?state=decided"),
			at("review-comment", "/review/comments/{id}", "comment"), plain("/review/tags"), {name: "review-tag", route: "/review/tags/{tag}", path: "/review/tags/POTS"},
			at("review-job", "/review/jobs/{id}", "job"),
		},
		"staff": {
			plain("/staff"), plain("/staff/orders"), state(plain("/staff/orders"), "staff-orders-shipped", "?status=shipped"),
			state(plain("/staff/orders"), "staff-orders-delivered", "?status=delivered"), at("staff-order", "/staff/orders/{id}", "confirmed"),
			plain("/staff/products"), plain("/staff/products/new"), wrongProduct(plain("/staff/products/new")), at("staff-product", "/staff/products/{id}", "sold out"),
			at("staff-product-stock", "/staff/products/{id}/stock", "product"), at("staff-product-picture", "/staff/products/{id}/picture", "product"),
			at("staff-product-picture-remove", "/staff/products/{id}/picture/remove", "product"), at("staff-product-remove", "/staff/products/{id}/remove", "product"),
			plain("/staff/stock"), plain("/staff/dead-letters"), at("staff-dead-letter", "/staff/dead-letters/{id}", "letter"), discard(plain("/staff/dead-letters")),
			plain("/staff/customers"), state(plain("/staff/customers"), "staff-customers-found", "?q="+email),
		},
		"admin": {
			plain("/admin"), plain("/admin/users"), at("admin-user", "/admin/users/{id}", "customer").with("?email=" + email),
			at("admin-user-delete", "/admin/users/{id}/delete", "customer").with("?email=" + email), plain("/admin/keys"), plain("/admin/keys/new"),
			wrongKey(plain("/admin/keys/new")), at("admin-key-revoke", "/admin/keys/{id}/revoke", "key"), plain("/admin/audit"), plain("/admin/refusals"),
		},
	}
}

// with adds a query to the address.
func (p place) with(query string) place {
	p.path += query
	return p
}

// typed is a page after its form was refused.
func (p place) typed(name, status string, do func(*tab)) place {
	p.name = name
	p.then = func(b *tab) {
		b.refuses(status)
		do(b)
		b.await("there is an error", `document.querySelector(".error")`)
	}
	return p
}

func wrongSignIn(p place) place {
	return p.typed("sign-in-wrong", "401", func(b *tab) {
		b.fill("E-mail address", "nobody@example.com")
		b.fill("Password", "not the password")
		b.click("Sign in")
	})
}

func takenSignUp(p place, email string) place {
	return p.typed("sign-up-taken", "409", func(b *tab) {
		b.fill("Name", "Clara Customer")
		b.fill("E-mail address", email)
		b.fill("Password", "another password")
		b.click("Create an account")
	})
}

func wrongQuantity(p place) place {
	return p.typed("cart-wrong", "422", func(b *tab) {
		eval[bool](b, `document.querySelector("input[name=quantity]").form.noValidate = true`) // as a browser that checks nothing
		eval[bool](b, `document.querySelector("input[name=quantity][type=number]").focus() ?? true`)
		eval[bool](b, `document.querySelector("input[name=quantity][type=number]").select() ?? true`)
		b.write("5000")
		b.click("Change")
	})
}

func wrongProduct(p place) place {
	return p.typed("staff-product-wrong", "422", func(b *tab) {
		b.fill("Name", longName)
		b.fill("Price", "twelve")
		b.fill("Currency", "EUR")
		b.fill("Item number", "AMP-1")
		b.click("Add it")
	})
}

func wrongKey(p place) place {
	return p.typed("admin-key-wrong", "422", func(b *tab) {
		b.fill("Purpose", "price comparison")
		b.click("Make the key")
	})
}

// revision is the first of the earlier versions.
func revision(p place) place {
	p.route += "/{revision}"
	p.then = func(b *tab) {
		eval[bool](b, `document.querySelector(".works h2 a").click() ?? true`)
		b.shows("Go on with this version")
	}
	return p
}

// discard is the question before a dead letter is discarded.
func discard(p place) place {
	p.name = "staff-discard"
	p.then = func(b *tab) {
		eval[bool](b, `document.querySelector("input[name=chosen]").click() ?? true`)
		b.click("Discard the chosen ones")
		b.shows("Discard for good?")
	}
	return p
}

// everyPageIsAPlace expects that no page of web is missing in the list.
func (s *stage) everyPageIsAPlace(t *testing.T) {
	known := map[string]bool{"/orders/{id}/live": true} // a stream
	for _, places := range s.places() {
		for _, p := range places {
			known[p.route] = true
		}
	}
	for route, rule := range must.Get(access.Pages())(t) {
		if rule.Get != nil && !known[route] {
			t.Errorf("nobody looks at the page %s", route)
		}
	}
}
