package e2e

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"stoa/test/client"
)

// The crowd of it would be in the way of tests beside it, so there are none.
func TestSignIn_slowsDownGuesses(t *testing.T) {
	for _, email := range []string{shop.SignUp(t).Email, client.NewAddress()} {
		got := statuses(t, shop, 50, func(int) client.Request { return client.SignInOf(email, "wrong horse") })
		through, refused := got[http.StatusUnauthorized], got[http.StatusTooManyRequests]+got[http.StatusServiceUnavailable]
		// On a slow machine a second passes, after which there is one more. Fifty are a crowd, too: some are told so instead.
		if through < 10 || through > 13 || through+refused != 50 || got[http.StatusTooManyRequests] == 0 {
			t.Errorf("%s: got %v, want some 10 that are let through", email, got)
		}
	}
}

// How long it takes to be refused tells nobody whether there is an account: the medians are within a tenth of each other.
// The samples are taken in turns, so that what else the machine does falls on both, and more of them are taken while the
// medians differ.
func TestSignIn_takesAsLongForAnUnknownAddress(t *testing.T) {
	t.Parallel()
	var wrong, unknown []time.Duration
	for len(wrong) < 80 || len(wrong) < 800 && apart(wrong, unknown) > 0.1 {
		// A new pair of addresses for every eight samples: after ten attempts an address has to wait.
		known, nobody := shop.SignUp(t).Email, client.NewAddress()
		for i := range 8 {
			if i%2 == 0 {
				wrong = append(wrong, refusalTime(t, known))
				unknown = append(unknown, refusalTime(t, nobody))
			} else {
				unknown = append(unknown, refusalTime(t, nobody))
				wrong = append(wrong, refusalTime(t, known))
			}
		}
	}
	t.Logf("after %d samples of each: wrong password %s, unknown address %s", len(wrong), median(wrong), median(unknown))
	if got := apart(wrong, unknown); got > 0.1 {
		t.Errorf("the medians are %.0f %% apart", 100*got)
	}
}

func refusalTime(t *testing.T, email string) time.Duration {
	t.Helper()
	request := client.SignInOf(email, "wrong horse")
	began := time.Now()
	shop.Must(t, request, http.StatusUnauthorized, nil)
	return time.Since(began)
}

func median(samples []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(samples))[len(samples)/2]
}

// apart is by which part of the smaller one two medians differ.
func apart(a, b []time.Duration) float64 {
	x, y := float64(median(a)), float64(median(b))
	return math.Abs(x-y) / min(x, y)
}

// Crowds have a shop to themselves: who comes to sign in meanwhile is told to come back, too.
func TestSignIn_servesCrowds(t *testing.T) {
	t.Parallel()
	shop := client.Borrow(t)
	t.Run("one of many sign-ups wins", func(t *testing.T) { manySignUps(t, shop) })
	t.Run("a flood of sign-ins leaves room for others", func(t *testing.T) { floodOfSignIns(t, shop) })
}

// manySignUps are for one address, each with a password of its own.
func manySignUps(t *testing.T, shop *client.Shop) {
	email := client.NewAddress()
	got := statuses(t, shop, 50, func(i int) client.Request { return client.SignUpOf(email, fmt.Sprintf("password %d", i)) })
	// Who meets the account while it is half made tries its password by this, and is slowed down like everybody who does.
	later := got[http.StatusServiceUnavailable] + got[http.StatusTooManyRequests]
	if got[http.StatusCreated] != 1 || got[http.StatusConflict]+later != 49 {
		t.Errorf("got %v, want one 201 and conflicts, but for those who were told to come back", got)
	}
}

// floodOfSignIns is answered or told to come back, and everybody else goes on: what they ask for meanwhile takes a small
// part of the time that the flood takes, however fast the machine is.
func floodOfSignIns(t *testing.T, shop *client.Shop) {
	customer := shop.SignUp(t)
	product := shop.NewProduct(t, shop.SignIn(t, "staff"), 100)
	flood, prefix, began := make(chan map[int]int), client.NewAddress(), time.Now()
	go func() {
		flood <- statuses(t, shop, 200, func(i int) client.Request { return client.SignInOf(fmt.Sprintf("%d-%s", i, prefix), "wrong horse") })
	}()
	var others []time.Duration
	for {
		select {
		case got := <-flood:
			if got[http.StatusUnauthorized] == 0 || got[http.StatusUnauthorized]+got[http.StatusServiceUnavailable] != 200 {
				t.Errorf("the flood got %v", got)
			}
			took := time.Since(began)
			t.Logf("the flood took %s; %d others took %s each, in the middle", took, len(others), median(others))
			if median(others) > took/10 {
				t.Errorf("others had to wait")
			}
			return
		default:
			asked := time.Now()
			shop.Must(t, client.ProfileOf(customer), http.StatusOK, nil)
			shop.Must(t, client.Request{Method: "GET", Path: "/products/" + product.ID}, http.StatusOK, nil)
			others = append(others, time.Since(asked))
		}
	}
}
