package hostile

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"stoa/api/access"
	"stoa/pkg/common/must"
	"stoa/test/client"
)

// cast is everybody who calls the operations of the matrix.
type cast struct {
	*world
	signedIn map[access.Caller]client.User
	// weakKeys holds an API key for each permission, that has all the others.
	weakKeys map[string]string
	// author and editor are further people with these roles.
	author, editor client.User
	// shared are posts that are made once, see once, and remarks are comments of people who never change them.
	shared, remarks map[string]string
	// link is the query of a link in a mail.
	link string
}

func newCast(t *testing.T, shop *client.Shop) *cast {
	t.Helper()
	c := &cast{world: newWorld(t, shop), weakKeys: map[string]string{}, shared: map[string]string{}, remarks: map[string]string{}}
	c.signedIn = map[access.Caller]client.User{access.NoKey: {}, access.WeakKey: {}, access.KeyOnly: {}}
	for _, caller := range access.Callers() {
		if _, known := c.signedIn[caller]; !known {
			c.signedIn[caller] = c.somebody(t, caller)
		}
	}
	c.author, c.editor = shop.SignIn(t, "author"), shop.SignIn(t, "editor")
	permissions := []string{"shop:read", "shop:write", "blog:read", "blog:write"}
	for _, lacking := range permissions {
		others := slices.DeleteFunc(slices.Clone(permissions), func(p string) bool { return p == lacking })
		var made struct{ Key string }
		c.Must(t, client.Request{Method: "POST", Path: "/auth/apikeys", As: c.admin, Body: object{"name": "all but " + lacking, "permissions": others}},
			http.StatusCreated, &made)
		c.weakKeys[lacking] = made.Key
	}
	return c
}

// somebody makes a caller of this kind, who holds no other role.
func (c *cast) somebody(t *testing.T, caller access.Caller) client.User {
	t.Helper()
	if caller == access.Unverified {
		return c.SignUpOnly(t)
	}
	user := c.SignUp(t)
	if caller != "LEARNER" {
		c.Give(t, c.admin, user, string(caller))
	}
	return user
}

// weakKey is an API key that is good for everything but one operation, if its permissions matter there.
func (c *cast) weakKey(o access.Operation, rule access.Rule) string {
	needed := rule.Key + ":write"
	if o.Method == http.MethodGet {
		needed = rule.Key + ":read"
	}
	return cmp.Or(c.weakKeys[needed], c.weakKeys["shop:read"])
}

// TestAccess_isAsTheMatrixSays calls every operation as every kind of caller, about things of their own and of others, and holds
// what happens against what was decided.
func TestAccess_isAsTheMatrixSays(t *testing.T) {
	t.Parallel()
	c := newCast(t, shop)
	matrix := must.Get(access.Load())(t)
	for _, o := range operations(t) {
		probe, ok := probes[o.ID]
		if !ok {
			t.Errorf("there is no request for %s of %s: add one to probes_test.go", o.ID, o.Service)
			continue
		}
		rule := matrix[o.Service][o.ID]
		for _, caller := range access.Callers() {
			about := []bool{false}
			if rule.Owned() {
				about = append(about, true)
			}
			for _, another := range about {
				t.Run(fmt.Sprintf("%s/%s/another's=%t", o.ID, caller, another), func(t *testing.T) {
					c.call(t, o, rule, probe, caller, another)
				})
			}
		}
	}
}

// call sends one request and holds its answer against the decision.
func (c *cast) call(t *testing.T, o access.Operation, rule access.Rule, p probe, caller access.Caller, another bool) {
	as := c.signedIn[caller]
	if caller == access.Unverified && o.Service != "auth" {
		another = true // it has no orders
	}
	if p.spends && as.Token != "" {
		as = c.somebody(t, caller)
	}
	if p.before != nil && as.Token != "" {
		p.before(t, c, as)
	}
	owner := as
	if another || owner.Token == "" {
		owner = c.alice
	}
	if o.Service == "blog" && !anyoneOwns(rule) && (owner.ID != c.signedIn["AUTHOR"].ID || another) {
		owner = c.author // nobody else has posts
	}
	request := c.request(t, o, p, owner, as)
	switch caller {
	case access.NoKey:
		request = request.without("X-Api-Key")
	case access.WeakKey:
		request = request.without("X-Api-Key").and("X-Api-Key: " + c.weakKey(o, rule))
	}
	answer := c.send(t, request.String())
	harmless(t, answer, false)
	switch rule.Outcome(caller, another) {
	case access.Allowed:
		if p.unlessVerified && as.Verified {
			answer.Expect(t, http.StatusConflict, "conflict")
		} else if answer.Status >= 300 {
			t.Errorf("got %s, want it done", answer)
		}
	case access.Unauthenticated:
		answer.Expect(t, http.StatusUnauthorized, "unauthenticated")
	case access.Forbidden:
		kind := "forbidden"
		if caller == access.Unverified && rule.Verified() {
			kind = "address_not_verified"
		}
		answer.Expect(t, http.StatusForbidden, kind)
	case access.Absent:
		answer.Expect(t, http.StatusNotFound, "not_found")
	}
}

// anyoneOwns reports whether a rule is about what everyone who is signed in may have, such as comments.
func anyoneOwns(rule access.Rule) bool {
	return rule.Owned() && rule.Outcome("LEARNER", false) == access.Allowed
}

// request is a good request of somebody, about what belongs to somebody.
func (c *cast) request(t *testing.T, o access.Operation, p probe, owner, as client.User) message {
	t.Helper()
	id := ""
	if len(o.Parameters()) > 0 {
		id = p.id(t, c, owner)
	}
	target := o.Target(append([]string{id}, p.more...)...)
	if p.query != nil {
		target += p.query(t, c, owner)
	}
	m := c.ask(o.Method, target, as)
	if o.Method == http.MethodGet {
		// Of a stream the beginning is read; a caller that does not ask for one gets ten seconds of it.
		return m.and("Accept: text/event-stream, application/json")
	}
	if p.body == nil {
		return m.and("Content-Length: 0")
	}
	return m.with(text(t, p.body(t, c, owner)))
}

// Another's things answer to the byte as those that do not exist, in every operation on something that belongs to
// somebody, whichever of two people asks. Only what names the request itself may differ.
func TestAccess_whatBelongsToAnotherIsNotFound(t *testing.T) {
	t.Parallel()
	c := newCast(t, shop)
	matrix := must.Get(access.Load())(t)
	crossed := 0
	for _, o := range operations(t) {
		if !matrix[o.Service][o.ID].Owned() {
			continue
		}
		first, second := c.pair(t, matrix[o.Service][o.ID])
		for name, people := range map[string][2]client.User{"one": {first, second}, "the other": {second, first}} {
			crossed++
			t.Run(o.ID+" as "+name, func(t *testing.T) {
				as, owner := people[0], people[1]
				request := c.request(t, o, probes[o.ID], owner, as)
				another := c.send(t, request.String())
				request.target = o.Target(append([]string{unknown}, probes[o.ID].more...)...)
				none := c.send(t, request.String())
				if another.Status != http.StatusNotFound {
					t.Errorf("got %s, want 404", another)
				}
				alike(t, another, none)
			})
		}
	}
	if crossed == 0 {
		t.Error("nothing belongs to anybody")
	}
}

// pair is two people who may both call an operation.
func (c *cast) pair(t *testing.T, rule access.Rule) (first, second client.User) {
	t.Helper()
	if rule.Outcome("LEARNER", false) == access.Allowed {
		return c.alice, c.bob
	}
	return c.signedIn["AUTHOR"], c.author
}
