package e2e

import (
	"net/http"
	"testing"
	"time"

	"stoa/test/client"
	"stoa/test/system"
)

// A session that is in use all the time in every service is dead in all of them within five seconds of its end, what it
// follows ends as well, and it stays dead when auth is killed.
func TestSessions_endEverywhereWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	shop := client.Borrow(t)
	customer, staff := shop.SignUp(t), shop.SignIn(t, "staff")
	product := shop.NewProduct(t, staff, 1)
	order := shop.PlaceOrder(t, customer, product.ID, 1)
	services, doors := client.EachGuarded(t, staff), map[string]*knocking{}
	for name, request := range services {
		doors[name] = knock(t, shop, request.Request)
		doors[name].await(t, name+" lets the caller in", request.Open)
	}
	stream := openEvents(t, shop, staff, order.ID)
	stream.next(t)
	streamEnds := stream.ended()

	shop.Must(t, client.Request{Method: "DELETE", Path: "/auth/signout", As: staff}, http.StatusNoContent, nil)
	ended := time.Now()
	for name, door := range doors {
		door.await(t, name+" refuses", http.StatusUnauthorized)
		took := door.last(services[name].Open).Sub(ended)
		if t.Logf("%s let the caller in until %s after the session had ended", name, took.Round(time.Millisecond)); took > deadWithin {
			t.Errorf("%s let the caller in for another %s", name, took)
		}
	}
	expectEnd(t, streamEnds, ended)
	staysDead(t, shop, client.Request{Method: "GET", Path: "/orders", As: staff}, http.StatusUnauthorized)
	shop.Must(t, client.Request{Method: "GET", Path: "/orders", As: customer}, http.StatusOK, nil)
}

// expectEnd expects a stream to end within five seconds of what opened it.
func expectEnd(t *testing.T, streamEnds <-chan time.Time, revoked time.Time) {
	t.Helper()
	select {
	case at := <-streamEnds:
		took := at.Sub(revoked)
		if t.Logf("the stream ended %s after that", took.Round(time.Millisecond)); took > deadWithin {
			t.Errorf("it took %s until the stream ended", took)
		}
	case <-time.After(system.Patience):
		t.Error("the stream does not end")
	}
}
