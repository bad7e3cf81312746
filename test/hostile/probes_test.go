package hostile

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/ids"
	"stoa/test/client"
	"stoa/test/system"
)

// probe makes a request for an operation that succeeds when it is allowed.
type probe struct {
	// id is what the path names, new where it is used up; it belongs to the owner where such things belong to somebody.
	id func(t *testing.T, c *cast, owner client.User) string
	// more are the values of what else the path names.
	more []string
	// query is what follows the path, such as "?limit=1"; nothing when nil.
	query func(t *testing.T, c *cast, owner client.User) string
	// body is what is sent; nothing when nil.
	body func(t *testing.T, c *cast, owner client.User) any
	// before is done as the caller, once that is somebody.
	before func(t *testing.T, c *cast, as client.User)
	// spends says that the caller is not the same afterwards: it is somebody new each time.
	spends bool
	// unlessVerified says that there is nothing to do for a caller whose address is verified: 409.
	unlessVerified bool
}

// probes holds one for every operation, by its id. TestAccess_isAsTheMatrixSays says what is missing.
var probes = map[string]probe{
	// auth
	"change-password": {body: func(*testing.T, *cast, client.User) any {
		return object{"current": client.Password, "new": "battery staple"}
	}, spends: true},
	"change-profile": {body: func(*testing.T, *cast, client.User) any { return object{"name": "Clara Changed"} }},
	"create-api-key": {body: newAPIKey},
	"delete-account": {body: func(*testing.T, *cast, client.User) any {
		return object{"password": client.Password, "posts": "keep", "cancelOrders": true}
	}, spends: true},
	"delete-user": {
		id:   func(t *testing.T, c *cast, _ client.User) string { return c.SignUp(t).ID },
		body: func(*testing.T, *cast, client.User) any { return object{"posts": "delete"} },
	},
	"end-other-sessions": {},
	"fetch-my-data":      {before: collected, spends: true},
	"my-data-state":      {},
	"request-my-data": {body: func(*testing.T, *cast, client.User) any {
		return object{"password": client.Password}
	}, spends: true},
	"end-session": {id: func(t *testing.T, c *cast, owner client.User) string {
		return sessionOf(t, c.SignInAs(t, owner.Email, client.Password))
	}},
	"get-api-key":   {id: apiKey},
	"key-set":       {},
	"list-api-keys": {},
	"list-audit":    {},
	"list-refusals": {},
	"list-sessions": {},
	"list-users":    {},
	"mail-code":     {unlessVerified: true},
	"mail-password-link": {body: func(t *testing.T, c *cast, _ client.User) any {
		return object{"email": c.SignUp(t).Email}
	}},
	"my-profile": {},
	"profile":    {id: func(_ *testing.T, _ *cast, owner client.User) string { return owner.ID }},
	"refresh": {body: func(t *testing.T, c *cast, owner client.User) any {
		return object{"refreshToken": c.SignInAs(t, owner.Email, client.Password).Refresh}
	}},
	"revoke-api-key": {id: apiKey},
	"set-forgotten-password": {body: func(t *testing.T, c *cast, _ client.User) any {
		return object{"link": c.PasswordLink(t, c.SignUp(t).Email), "new": "battery staple"}
	}},
	"set-roles": {
		id:   func(t *testing.T, c *cast, _ client.User) string { return c.SignUp(t).ID },
		body: func(*testing.T, *cast, client.User) any { return object{"roles": []string{"AUTHOR"}} },
	},
	"sign-in":  {body: func(_ *testing.T, c *cast, _ client.User) any { return c.Accounts["author"] }},
	"sign-out": {spends: true},
	"sign-up":  {body: newcomer},
	"verify-address": {body: func(t *testing.T, c *cast, owner client.User) any {
		if owner.Verified {
			return object{"code": "whatever"}
		}
		return object{"code": c.Code(t, owner.Email)}
	}, spends: true},
	"verify-api-key": {},

	// backoffice
	"list-fulfilments":   {},
	"ship":               {id: queued},
	"deliver":            {id: shipped},
	"list-dead-letters":  {},
	"get-dead-letter":    {id: deadLetter},
	"replay-dead-letter": {id: deadLetter},
	"delete-dead-letter": {id: deadLetter},

	// inventory
	"list-products":    {},
	"get-product":      {id: onSale},
	"create-product":   {body: newProduct},
	"edit-product":     {id: newOnSale, body: edited},
	"adjust-stock":     {id: newOnSale, body: func(*testing.T, *cast, client.User) any { return object{"change": 1} }},
	"list-adjustments": {id: onSale},
	"set-picture":      {id: newOnSale, body: drawn},
	"get-picture":      {id: pictured, more: []string{"0123456789abcdef"}},
	"remove-picture":   {id: pictured},
	"remove-product":   {id: newOnSale},
	"search-products":  {query: fixed("?q=amphora")},

	"rebuild-product-search": {},
	"watch-product-search":   {before: rebuilt("/products")},

	// notification
	"list-notifications":   {},
	"get-mail-settings":    {},
	"change-mail-settings": {body: func(*testing.T, *cast, client.User) any { return object{"reviews": "daily"} }},
	"look-at-mail-link":    {query: mailLink},
	"follow-mail-link":     {query: mailLink},

	// order
	"list-orders":             {},
	"list-orders-of-customer": {query: fixed("?account=0199c0de-0000-7000-8000-000000000001")},
	"place-order":             {body: func(_ *testing.T, c *cast, _ client.User) any { return client.OrderOf(c.product.ID, 1) }},
	"get-order":               {id: ordered},
	"watch-order":             {id: ordered},
	"cancel-order":            {id: ordered},

	// blog
	"create-post":          {body: func(*testing.T, *cast, client.User) any { return object{"title": "A till that counts"} }},
	"edit-post":            {id: drafted, body: func(*testing.T, *cast, client.User) any { return object{"text": "Twice."} }},
	"preview-post":         {id: drafted, body: func(*testing.T, *cast, client.User) any { return object{"text": "Twice."} }},
	"get-own-post":         {id: drafted},
	"delete-post":          {id: drafted},
	"submit-post":          {id: drafted},
	"withdraw-post":        {id: submitted},
	"list-drafts":          {},
	"list-own-submissions": {},
	"list-own-posts":       {},
	"list-revisions":       {id: waiting},
	"get-revision":         {id: waiting, more: []string{"2"}},
	"restore-revision":     {id: submitted, more: []string{"2"}},
	"review-post":          {id: waiting},
	"publish-post":         {id: submitted, body: func(*testing.T, *cast, client.User) any { return object{} }},
	"refuse-post": {id: submitted, body: func(*testing.T, *cast, client.User) any {
		return object{"note": "Please say who counts."}
	}},
	"unpublish-post":       {id: published, body: func(*testing.T, *cast, client.User) any { return object{} }},
	"list-submissions":     {},
	"list-published":       {},
	"read-post":            {id: public},
	"read-post-by-slug":    {id: func(t *testing.T, c *cast, owner client.User) string { return "a-till-" + public(t, c, owner) }},
	"list-latest-posts":    {},
	"list-posts-by-tag":    {id: usedTag},
	"list-posts-by-author": {id: func(_ *testing.T, c *cast, _ client.User) string { return c.author.ID }},
	"list-posts-by-month":  {id: func(*testing.T, *cast, client.User) string { return "2026-11" }},
	"list-similar-posts":   {id: public},
	"list-comments":        {id: commentable},
	"add-comment":          {id: commentable, body: func(*testing.T, *cast, client.User) any { return object{"text": "We count twice."} }},
	"read-comment":         {id: remarked},
	"edit-comment":         {id: remarked, body: func(*testing.T, *cast, client.User) any { return object{"text": "Twice."} }},
	"delete-comment":       {id: remarked},
	"report-comment":       {id: remarked, body: func(*testing.T, *cast, client.User) any { return object{"reason": "Spam."} }},
	"list-reports":         {},
	"moderate-comment": {id: remarked, body: func(*testing.T, *cast, client.User) any {
		return object{"state": "visible", "reason": "Nothing is wrong with it."}
	}},
	"search-posts":        {query: fixed("?q=counts&tag=tills")},
	"rebuild-post-search": {},
	"watch-post-search":   {before: rebuilt("/blog")},
	"list-following":      {},
	"follow-author":       {id: publishedBy},
	"unfollow-author":     {id: publishedBy},
	"follow-tag":          {id: usedTag},
	"unfollow-tag":        {id: usedTag},
	"list-tags":           {},
	"edit-tag":            {id: newTag, body: func(*testing.T, *cast, client.User) any { return object{"name": "n-" + ids.New()} }},
	"merge-tag":           {id: newTag, body: func(t *testing.T, c *cast, owner client.User) any { return object{"into": newTag(t, c, owner)} }},
	"delete-tag":          {id: newTag},
	"watch-job":           {id: begun},
	"atom-feed":           {},
	"json-feed":           {},
	"sitemap":             {},
	"atom-feed-of-tag":    {id: usedTag},
	"json-feed-of-tag":    {id: usedTag},
	"atom-feed-of-author": {id: publishedBy},
	"json-feed-of-author": {id: publishedBy},
}

// collected makes sure that the archive of somebody's data is ready.
func collected(t *testing.T, c *cast, as client.User) {
	t.Helper()
	c.Must(t, client.Request{Method: "POST", Path: "/auth/profile/mine/data", As: as, Body: object{"password": client.Password}},
		http.StatusAccepted, nil)
	c.AwaitMyData(t, as)
}

// drafted is a post of the owner's, with a slug of its own.
func drafted(t *testing.T, c *cast, owner client.User) string {
	t.Helper()
	var post struct{ ID string }
	c.Must(t, client.Request{Method: "POST", Path: "/blog/author", As: owner, Body: object{
		"title": "A till that counts", "description": "What it counts.", "text": "Orders.", "tags": []string{"tills"},
	}}, http.StatusCreated, &post)
	c.Must(t, client.Request{Method: "PATCH", Path: "/blog/author/id/" + post.ID, As: owner, Body: object{"slug": "a-till-" + post.ID}},
		http.StatusOK, nil)
	return post.ID
}

// submitted is a post of the owner's that waits for an editor. It has the revision 2.
func submitted(t *testing.T, c *cast, owner client.User) string {
	t.Helper()
	id := drafted(t, c, owner)
	c.Must(t, client.Request{Method: "PUT", Path: "/blog/author/submit/id/" + id, As: owner}, http.StatusOK, nil)
	return id
}

// published is a post of the owner's that everyone can read.
func published(t *testing.T, c *cast, owner client.User) string {
	t.Helper()
	id := submitted(t, c, owner)
	c.Must(t, client.Request{Method: "PUT", Path: "/blog/editor/publish/id/" + id, As: c.editor}, http.StatusOK, nil)
	return id
}

// once makes a post of each owner's once, for requests that change nothing of it: all editors are told about each.
func once(name string, post func(*testing.T, *cast, client.User) string) func(*testing.T, *cast, client.User) string {
	return func(t *testing.T, c *cast, owner client.User) string {
		t.Helper()
		key := name + owner.ID
		if c.shared[key] == "" {
			c.shared[key] = post(t, c, owner)
		}
		return c.shared[key]
	}
}

// public is a post of the owner's that everyone can read, and waiting one that waits for an editor. They stay as they are.
var public, waiting = once("public", published), once("waiting", submitted)

// commentable is a post that everyone can read.
func commentable(t *testing.T, c *cast, _ client.User) string {
	t.Helper()
	return public(t, c, c.author)
}

// remarked is a comment of the owner's. Nobody may write many, so people whose comments never change write one.
func remarked(t *testing.T, c *cast, owner client.User) string {
	t.Helper()
	if known := c.remarks[owner.ID]; known != "" {
		return known
	}
	var comment struct{ ID string }
	c.Must(t, client.Request{Method: "POST", Path: "/blog/id/" + commentable(t, c, owner) + "/comments", As: owner, Body: object{"text": "Once."}},
		http.StatusCreated, &comment)
	if owner.ID == c.alice.ID || owner.ID == c.author.ID {
		c.remarks[owner.ID] = comment.ID
	}
	return comment.ID
}

// publishedBy is an author with a published post.
func publishedBy(t *testing.T, c *cast, _ client.User) string {
	t.Helper()
	public(t, c, c.author)
	return c.author.ID
}

// usedTag is a tag of published posts.
func usedTag(t *testing.T, c *cast, owner client.User) string {
	t.Helper()
	public(t, c, owner)
	return "TILLS"
}

// rebuilt makes staff ask for a rebuild of a search index.
func rebuilt(below string) func(*testing.T, *cast, client.User) {
	return func(t *testing.T, c *cast, _ client.User) {
		t.Helper()
		c.Must(t, client.Request{Method: "POST", Path: below + "/search/rebuild", As: c.staff}, http.StatusAccepted, nil)
	}
}

// newTag is a tag of one post, which waits for an editor.
func newTag(t *testing.T, c *cast, _ client.User) string {
	t.Helper()
	id, tag := drafted(t, c, c.author), "t-"+ids.New()
	c.Must(t, client.Request{Method: "PATCH", Path: "/blog/author/id/" + id, As: c.author, Body: object{"tags": []string{tag}}}, http.StatusOK, nil)
	return tag
}

// fixed is a query that is the same for everybody.
func fixed(query string) func(*testing.T, *cast, client.User) string {
	return func(*testing.T, *cast, client.User) string { return query }
}

// mailLink is the query of the link in a mail about a comment.
func mailLink(t *testing.T, c *cast, _ client.User) string {
	t.Helper()
	if c.link == "" {
		somebody := c.SignUp(t)
		post := commentable(t, c, somebody)
		var comment struct{ ID string }
		c.Must(t, client.CommentOn(post, somebody, "Once."), http.StatusCreated, &comment)
		c.Must(t, client.Request{Method: "POST", Path: "/blog/id/" + post + "/comments", As: c.author, Body: object{
			"text": "Twice.", "replyTo": comment.ID,
		}}, http.StatusCreated, nil)
		_, c.link, _ = strings.Cut(c.EndLink(t, c.AwaitNotice(t, somebody, post, "comment-added")), "?")
	}
	return "?" + c.link
}

// begun is a job.
func begun(t *testing.T, c *cast, owner client.User) string {
	t.Helper()
	var job struct{ ID string }
	c.Must(t, client.Request{Method: "DELETE", Path: "/blog/editor/tags/" + newTag(t, c, owner), As: c.editor}, http.StatusAccepted, &job)
	return job.ID
}

// sessionOf is the id of somebody's session, as the access token says.
func sessionOf(t *testing.T, u client.User) string {
	t.Helper()
	_, claims := decode(t, u.Token)
	return claims["sid"].(string)
}

func newcomer(*testing.T, *cast, client.User) any {
	return object{"email": ids.New() + "@example.com", "password": client.Password, "name": "Nina Newcomer"}
}

func newAPIKey(*testing.T, *cast, client.User) any {
	return object{"name": "A price comparison", "permissions": []string{"shop:read"}}
}

func apiKey(t *testing.T, c *cast, _ client.User) string {
	var key struct{ ID string }
	body := newAPIKey(t, c, client.User{})
	c.Must(t, client.Request{Method: "POST", Path: "/auth/apikeys", As: c.admin, Body: body}, http.StatusCreated, &key)
	return key.ID
}

func onSale(_ *testing.T, c *cast, _ client.User) string { return c.product.ID }

func newOnSale(t *testing.T, c *cast, _ client.User) string { return c.NewProduct(t, c.staff, 0).ID }

// pictured is a product with a picture.
func pictured(t *testing.T, c *cast, owner client.User) string {
	t.Helper()
	id := newOnSale(t, c, owner)
	set := client.Request{Method: http.MethodPut, Path: "/products/" + id + "/picture", As: c.staff, Body: drawn(t, c, owner)}
	c.Must(t, set, http.StatusOK, nil)
	return id
}

func drawn(*testing.T, *cast, client.User) any {
	return object{"image": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><circle r="1"/></svg>`)}
}

func newProduct(*testing.T, *cast, client.User) any {
	return object{"name": "Kylix", "description": "A cup.", "sku": ids.New(), "price": client.Money{Amount: 100, Currency: "EUR"}}
}

func edited(*testing.T, *cast, client.User) any {
	return object{"name": "Kylix", "description": "A cup.", "price": client.Money{Amount: 100, Currency: "EUR"}}
}

// ordered is an order of the owner's.
func ordered(t *testing.T, c *cast, owner client.User) string {
	return c.PlaceOrder(t, owner, c.product.ID, 1).ID
}

// queued is an order that can be shipped.
func queued(t *testing.T, c *cast, owner client.User) string {
	id := ordered(t, c, owner)
	c.AwaitOrder(t, owner, id, "confirmed")
	system.Eventually(t, "the order is queued", func() error {
		var page struct{ Items []struct{ OrderID string } }
		c.Must(t, client.Request{Method: "GET", Path: "/backoffice/fulfilments?limit=100", As: c.staff}, http.StatusOK, &page)
		if !slices.ContainsFunc(page.Items, func(f struct{ OrderID string }) bool { return f.OrderID == id }) {
			return fmt.Errorf("%s is not among %d", id, len(page.Items))
		}
		return nil
	})
	return id
}

// shipped is an order that can be delivered.
func shipped(t *testing.T, c *cast, owner client.User) string {
	id := queued(t, c, owner)
	c.Must(t, client.Request{Method: "POST", Path: "/backoffice/fulfilments/" + id + "/ship", As: c.staff}, http.StatusOK, nil)
	c.AwaitOrder(t, owner, id, "shipped")
	return id
}

// deadLetter is an event that nobody can handle.
func deadLetter(t *testing.T, c *cast, _ client.User) string {
	t.Helper()
	subject := ids.New()
	c.publish(t, "order-placed", "order.placed.v1", subject)
	id := ""
	system.Eventually(t, "the dead letter is there", func() error {
		var page struct {
			Items []struct {
				ID    string
				Event struct{ Subject string }
			}
		}
		c.Must(t, client.Request{Method: "GET", Path: "/backoffice/dead-letters?limit=100", As: c.staff}, http.StatusOK, &page)
		for _, letter := range page.Items {
			if letter.Event.Subject == subject {
				id = letter.ID
				return nil
			}
		}
		return fmt.Errorf("it is not among %d", len(page.Items))
	})
	return id
}
