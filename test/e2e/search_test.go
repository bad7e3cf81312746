package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// found is a post or a product that was found.
type found struct{ ID, Snippet string }

// search returns what a query finds, of all pages.
func search(t *testing.T, shop *client.Shop, path, query string) (all []found) {
	t.Helper()
	for cursor := ""; ; {
		var page client.PageOf[found]
		shop.Must(t, client.Request{Method: "GET", Path: path + "/search?limit=1&q=" + query + "&cursor=" + cursor}, http.StatusOK, &page)
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

// awaitFound waits until a query finds these, and nothing else.
func awaitFound(t *testing.T, shop *client.Shop, path, query string, want ...string) {
	t.Helper()
	system.Eventually(t, "a search for "+query+" finds what it should", func() error {
		got := map[string]int{}
		for _, f := range search(t, shop, path, query) {
			got[f.ID]++
		}
		for _, id := range want {
			if got[id] != 1 {
				return fmt.Errorf("got %v, want %v", got, want)
			}
		}
		if len(got) != len(want) {
			return fmt.Errorf("got %v, want %v", got, want)
		}
		return nil
	})
}

// A post is found by its words as long as it is public.
func TestSearch_findsPublicPostsOnly(t *testing.T) {
	author, editor := shop.SignIn(t, "author"), shop.SignIn(t, "editor")
	word, tag := fmt.Sprint("Xylon", time.Now().UnixNano()), fmt.Sprint("TAG-", time.Now().UnixNano())
	id := published(t, shop, author, editor, "About "+word, tag)
	other := published(t, shop, author, editor, "More about "+word, tag)
	awaitFound(t, shop, "/blog", strings.ToLower(word), id, other)
	awaitFound(t, shop, "/blog", word[:len(word)-1]+"&tag="+strings.ToLower(tag), id, other) // the beginning of the word

	shop.Must(t, client.ActOn(id, "editor/unpublish", editor), http.StatusOK, nil)
	if got := search(t, shop, "/blog", word); len(got) != 1 || got[0].ID != other { // nothing keeps what was found
		t.Errorf("found are %v, want only %s", got, other)
	}
	shop.Must(t, client.ActOn(id, "author/submit", author), http.StatusOK, nil)
	shop.Must(t, client.ActOn(id, "editor/publish", editor), http.StatusOK, nil)
	awaitFound(t, shop, "/blog", word, id, other)
}

// Products are found by name, and by their SKU as it is typed.
func TestSearch_findsProducts(t *testing.T) {
	t.Parallel()
	shop := client.Borrow(t)
	staff, serial := shop.SignIn(t, "staff"), time.Now().UnixNano()
	body := map[string]any{
		"sku": fmt.Sprintf("Q-%d.x_7", serial), "name": fmt.Sprint("Krater", serial), "description": "Mixes wine & water.",
		"price": client.Money{Amount: 100, Currency: "EUR"},
	}
	var p found
	shop.Must(t, client.Request{Method: "POST", Path: "/products", As: staff, Body: body}, http.StatusCreated, &p)
	for _, query := range []string{fmt.Sprint("krater", serial), fmt.Sprintf("q-%d.X_7", serial), fmt.Sprintf("Q-%d", serial), fmt.Sprint("krater", serial, "+wines")} {
		awaitFound(t, shop, "/products", query, p.ID)
	}
	if got := search(t, shop, "/products", fmt.Sprint("krater", serial, "+wine")); len(got) != 1 || got[0].Snippet != "Mixes <mark>wine</mark> &amp; water." {
		t.Errorf("got %+v", got)
	}
	shop.Must(t, client.Request{Method: "DELETE", Path: "/products/" + p.ID, As: staff}, http.StatusNoContent, nil)
	awaitFound(t, shop, "/products", fmt.Sprint("krater", serial))
}

// A rebuild that somebody asked for comes to its end although the app is killed, and finds what was there.
func TestSearch_isRebuiltAlthoughTheAppIsKilled(t *testing.T) {
	t.Parallel()
	shop := client.Borrow(t)
	author, editor, staff := shop.SignIn(t, "author"), shop.SignIn(t, "editor"), shop.SignIn(t, "staff")
	word := fmt.Sprint("Rebuilt", time.Now().UnixNano())
	id := published(t, shop, author, editor, "About "+word, "TILLS")
	var asked, now struct{ ID, State string }
	rebuild := client.Request{Method: "POST", Path: "/blog/search/rebuild", As: staff}
	shop.Must(t, rebuild, http.StatusAccepted, &asked)
	shop.Kill(t, "blog")
	// A process that died in the middle counts as dead after two minutes.
	system.Within(t, 4*time.Minute, "it is rebuilt", func() error {
		answer := must.Get(shop.Persist(t.Context(), client.Request{Method: "GET", Path: rebuild.Path, As: staff}))(t)
		answer.Read(t, &now)
		if now.State != "done" {
			return errors.New(now.State)
		}
		return nil
	})
	if now.ID != asked.ID {
		t.Errorf("asked for %s, got %s", asked.ID, now.ID)
	}
	awaitFound(t, shop, "/blog", word, id)
}
