package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/internal/stack"
	"stoa/internal/stack/state"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/servers"
	"stoa/test/system"
)

// noticesOf counts the notices to followers about a post in an inbox.
func noticesOf(t *testing.T, shop *client.Shop, user client.User, postID string) (n int) {
	t.Helper()
	for _, notice := range client.All[client.Notice](t, shop, "/notifications", user) {
		if notice.PostID == postID && notice.Kind == client.Announced {
			n++
		}
	}
	return n
}

// A reader follows an author and a tag, and is told of a post once, also when it is unpublished and published again.
func TestFollowers_areToldOfAPostOnce(t *testing.T) {
	t.Parallel()
	shop := client.Borrow(t)
	author, editor := shop.NewAuthor(t, shop.SignIn(t, "admin")), shop.SignIn(t, "editor")
	shop.NewPost(t, author, editor) // so the tag exists, and the author is known
	both, oneOfThem, nobody := shop.SignUp(t), shop.SignUp(t), shop.SignUp(t)
	shop.Must(t, client.Following("PUT", "authors/"+author.ID, both), http.StatusOK, nil)
	for _, reader := range []client.User{both, oneOfThem, nobody} {
		shop.Must(t, client.Following("PUT", "tags/Stock", reader), http.StatusOK, nil)
		shop.Must(t, client.WantsMails(reader, "following", "at_once"), http.StatusOK, nil)
	}
	shop.Must(t, client.Following("DELETE", "tags/stock", nobody), http.StatusNoContent, nil)
	shop.Try(t, client.Following("PUT", "authors/"+author.ID, author)).Expect(t, http.StatusUnprocessableEntity, "invalid")
	shop.Try(t, client.Following("PUT", "authors/"+client.Unknown, both)).Expect(t, http.StatusNotFound, "not_found")

	post := shop.NewPost(t, author, editor)
	for _, reader := range []client.User{both, oneOfThem} {
		notice := shop.AwaitNotice(t, reader, post.ID, client.Announced)
		if !strings.HasSuffix(notice.Link, "/blog/"+post.Slug) {
			t.Errorf("the notice is %+v", notice)
		}
	}
	shop.Must(t, client.ActOn(post.ID, "editor/unpublish", editor), http.StatusOK, nil)
	shop.Must(t, client.ActOn(post.ID, "author/submit", author), http.StatusOK, nil)
	shop.Must(t, client.ActOn(post.ID, "editor/publish", editor), http.StatusOK, nil)
	next := shop.NewPost(t, author, editor) // which is announced after the other would have been
	shop.AwaitNotice(t, oneOfThem, next.ID, client.Announced)
	shop.AwaitNotice(t, both, next.ID, client.Announced)
	for want, reader := range map[int]client.User{1: both, 0: nobody} {
		if got := noticesOf(t, shop, reader, post.ID); got != want {
			t.Errorf("%d notices, want %d", got, want)
		}
	}
}

// followed is something that a reader follows.
type followed struct {
	Tag    string
	Author struct{ ID, Name string }
}

func follows(t *testing.T, shop *client.Shop, reader client.User) []followed {
	t.Helper()
	var list client.PageOf[followed]
	shop.Must(t, client.Request{Method: "GET", Path: "/blog/following", As: reader}, http.StatusOK, &list)
	return list.Items
}

// The followers of a tag that is renamed or merged follow the other one, and are told of posts from before and after.
func TestFollowers_goWithTheirTag(t *testing.T) {
	t.Parallel()
	author, editor := shop.SignIn(t, "author"), shop.SignIn(t, "editor")
	for _, way := range []string{"renamed", "merged"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			reader := shop.SignUp(t)
			old, next := "T1-"+reader.ID, "T2-"+reader.ID
			published(t, shop, author, editor, "About "+old, old)
			change := client.Request{Method: "PUT", Path: "/blog/editor/tags/" + old, As: editor, Body: map[string]string{"name": next}}
			if way == "merged" {
				published(t, shop, author, editor, "About "+next, next)
				change = client.Request{Method: "POST", Path: "/blog/editor/tags/" + old + "/merge", As: editor, Body: map[string]string{"into": next}}
			}
			shop.Must(t, client.Following("PUT", "tags/"+old, reader), http.StatusOK, nil)
			before := published(t, shop, author, editor, "Before it is "+way, old)
			shop.Must(t, change, http.StatusAccepted, nil)
			system.Eventually(t, "the reader follows the other tag", func() error {
				if all := follows(t, shop, reader); len(all) != 1 || !strings.EqualFold(all[0].Tag, next) {
					return fmt.Errorf("got %+v", all)
				}
				return nil
			})
			after := published(t, shop, author, editor, "After it was "+way, next)
			for _, id := range []string{before, after} {
				system.Eventually(t, "the reader is told", func() error {
					if n := noticesOf(t, shop, reader, id); n != 1 {
						return fmt.Errorf("%d notices", n)
					}
					return nil
				})
			}
		})
	}
}

// An author leaves. Nobody can follow them any more, and those who do see that; their post stays, and its followers are told.
func TestFollowers_ofAnAuthorWhoLeaves(t *testing.T) {
	t.Parallel()
	author, editor, reader := shop.NewAuthor(t, shop.SignIn(t, "admin")), shop.SignIn(t, "editor"), shop.SignUp(t)
	shop.NewPost(t, author, editor)
	shop.Must(t, client.Following("PUT", "authors/"+author.ID, reader), http.StatusOK, nil)
	post := shop.NewPost(t, author, editor)
	shop.Must(t, client.DeletionOf(author, "keep"), http.StatusAccepted, nil)
	system.Within(t, erasedWithin, "the author is gone", func() error {
		if all := follows(t, shop, reader); len(all) != 1 || all[0].Author.Name != "deleted account" {
			return fmt.Errorf("the reader follows %+v", all)
		}
		return nil
	})
	shop.Try(t, client.Following("PUT", "authors/"+author.ID, shop.SignUp(t))).Expect(t, http.StatusNotFound, "not_found")
	system.Eventually(t, "the reader is told, without a name", func() error {
		for _, notice := range client.All[client.Notice](t, shop, "/notifications", reader) {
			if notice.PostID == post.ID && notice.Kind == client.Announced {
				return nil
			}
		}
		return errors.New("there is no notice")
	})
	shop.Must(t, client.Following("DELETE", "authors/"+author.ID, reader), http.StatusNoContent, nil)
}

// A link in a mail shows what it ends, ends it when it is asked to, and outlives a rotation of its keys.
func TestLinks_endMailsWithoutASignIn(t *testing.T) {
	shop := client.Borrow(t)
	author, reader := shop.SignIn(t, "author"), shop.SignUp(t)
	postID := commentable(t, shop, author, "A post with mails")
	var first comment
	shop.Must(t, writing(reader, postID, "first", "I would like an answer.", ""), http.StatusCreated, &first)
	shop.Must(t, writing(author, postID, "answer-"+postID, "Here it is.", first.ID), http.StatusCreated, nil)
	link := shop.EndLink(t, shop.AwaitNotice(t, reader, postID, "comment-added"))
	must.Get(stack.RotateLinkKeys(t.Context(), shop.Dir(), func(line string) { t.Log(line) }))(t)

	settings := func() (s struct{ Comments, Following string }) {
		shop.Must(t, client.Request{Method: "GET", Path: "/notifications/settings", As: reader}, http.StatusOK, &s)
		return s
	}
	system.Eventually(t, "the link is shown", func() error {
		page := shop.FollowLink(t, "GET", link)
		if page.Status != http.StatusOK || !strings.Contains(string(page.Body), `<form method="post">`) {
			return fmt.Errorf("got %s", page)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "form-action 'self'", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		} {
			if got := page.Header.Get(name); !strings.Contains(got, want) {
				t.Errorf("got the %s %q", name, got)
			}
		}
		return nil
	})
	if looked := shop.FollowLink(t, "HEAD", link); looked.Status != http.StatusOK {
		t.Errorf("HEAD: got %s", looked)
	}
	if got := settings(); got.Comments != "at_once" {
		t.Errorf("looking has changed something: %+v", got)
	}
	shop.FollowLink(t, "POST", link[:len(link)-4]+"AAAA").Expect(t, http.StatusForbidden, "forbidden")
	for range 2 {
		if page := shop.FollowLink(t, "POST", link); page.Status != http.StatusOK || !strings.Contains(string(page.Body), "no more of these mails") {
			t.Errorf("got %s", page)
		}
	}
	if got := settings(); got.Comments != "never" || got.Following != "daily" {
		t.Errorf("got %+v", got)
	}
	shop.Must(t, writing(author, postID, "again-"+postID, "One more thing.", first.ID), http.StatusCreated, nil)
	system.Eventually(t, "the inbox has both answers, and the second was not mailed", func() error {
		var of []client.Notice
		for _, notice := range client.All[client.Notice](t, shop, "/notifications", reader) {
			if notice.Kind == "comment-added" {
				of = append(of, notice)
			}
		}
		if len(of) != 2 {
			return fmt.Errorf("the inbox has %+v", of)
		}
		if files := must.Get(filepath.Glob(state.Path(shop.Dir(), "mail", of[0].ID+"*")))(t); len(files) > 0 {
			t.Errorf("it was mailed: %v", files)
		}
		return nil
	})
}

// What is mailed daily is gathered, and comes in one mail, although notification is killed when that is due.
func TestDigests_haveWhatWasGathered(t *testing.T) {
	t.Parallel()
	for bus, store := range map[string]string{"nats": "sqlite", "redis": "redis"} {
		t.Run(bus+" x "+store, func(t *testing.T) {
			if err := servers.Find("redis"); err != nil && bus == "redis" {
				t.Skipf("NOT TESTED: digests on Redis. %v", err)
			}
			apps := client.Only(t, "gateway", "auth", "blog", "notification")
			digestsHaveWhatWasGathered(t, client.Start(t, system.Folder(t), apps, func(o *stack.Options) {
				o.Bus, o.Store, o.Env["DIGEST_PERIOD"] = bus, store, "20s"
			}))
		})
	}
}

func digestsHaveWhatWasGathered(t *testing.T, shop *client.Shop) {
	t.Helper()
	author, editor, reader := shop.SignIn(t, "author"), shop.SignIn(t, "editor"), shop.SignUp(t)
	shop.NewPost(t, author, editor)
	shop.Must(t, client.Following("PUT", "authors/"+author.ID, reader), http.StatusOK, nil)
	posts := []client.Post{shop.NewPost(t, author, editor), shop.NewPost(t, author, editor)}
	for _, post := range posts {
		system.Eventually(t, "the inbox has it", func() error {
			if n := noticesOf(t, shop, reader, post.ID); n != 1 {
				return fmt.Errorf("%d notices", n)
			}
			return nil
		})
	}
	shop.Kill(t, "notification")
	digests := func() (texts []string) {
		for _, file := range must.Get(filepath.Glob(state.Path(shop.Dir(), "mail", "daily-digest-*.eml")))(t) {
			texts = append(texts, string(must.Get(os.ReadFile(file))(t)))
		}
		return texts
	}
	count := func(slug string) (n int) {
		for _, text := range digests() {
			if strings.Contains(strings.ReplaceAll(text, "=\r\n", ""), "/blog/"+slug+"\r\n") {
				n++
			}
		}
		return n
	}
	for _, post := range posts {
		system.Eventually(t, post.Title+" is in a digest", func() error {
			if n := count(post.Slug); n != 1 {
				return fmt.Errorf("it is in %d of %d digests", n, len(digests()))
			}
			return nil
		})
	}
}
