package browser

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	screen "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

var picturesTo = flag.String("pictures", "", "take pictures of all pages into this `folder`, and those of the README")

// phone is how wide a telephone is that many have.
const phone = 390

// A picture of each page in both colour schemes and two widths, for people to look at: `make pictures`.
func TestPictures(t *testing.T) {
	if *picturesTo == "" {
		t.Skip("make pictures takes them")
	}
	s := newStage(t, false)
	s.paintReadme(t)
	s.furnish(t)
	must.Do(t, os.RemoveAll(*picturesTo))
	t.Run("of", func(t *testing.T) {
		for who, places := range s.places() {
			t.Run(who, func(t *testing.T) {
				t.Parallel()
				s.paint(t, who, places)
			})
		}
	})
	index(t, *picturesTo)
}

// paint takes the pictures of the pages of somebody.
func (s *stage) paint(t *testing.T, who string, places []place) {
	folder := filepath.Join(*picturesTo, who)
	must.Do(t, os.MkdirAll(folder, 0o755))
	b := s.tabOf(t, who, true)
	for _, p := range places {
		b.reach(p)
		for _, width := range []int64{wide, phone} {
			b.do(chromedp.EmulateViewport(width, 800))
			for _, scheme := range []string{"light", "dark"} {
				b.see(scheme)
				name := fmt.Sprintf("%s-%s-%d.png", p.name, scheme, width)
				must.Do(t, os.WriteFile(filepath.Join(folder, name), must.Get(chromedp.Run(b.ctx, chromedp.FullScreenshot(100)))(t), 0o644))
			}
		}
		b.do(chromedp.EmulateViewport(wide, 900))
		b.see("light")
	}
}

// index writes a page with all pictures of a folder.
func index(t *testing.T, folder string) {
	t.Helper()
	var html strings.Builder
	html.WriteString("<!doctype html><meta charset=utf-8><title>Pictures of all pages</title>\n" +
		"<style>body { font: 14px sans-serif } figure { display: inline-block; vertical-align: top; margin: 8px } img { height: 480px; border: 1px solid #888 }</style>\n")
	files := must.Get(filepath.Glob(filepath.Join(folder, "*", "*.png")))(t)
	slices.Sort(files)
	for _, file := range files {
		name := must.Get(filepath.Rel(folder, file))(t)
		fmt.Fprintf(&html, "<figure><figcaption>%s</figcaption><a href=%q><img loading=lazy src=%q></a></figure>\n", name, name, name)
	}
	must.Do(t, os.WriteFile(filepath.Join(folder, "index.html"), []byte(html.String()), 0o644))
	t.Logf("%d pictures are in %s", len(files), folder)
}

// paintReadme takes the two pictures of the README: the shop, and a post while it is written.
func (s *stage) paintReadme(t *testing.T) {
	t.Helper()
	folder := filepath.Join(system.Root(t), "docs", "pictures")
	must.Do(t, os.MkdirAll(folder, 0o755))
	guest := s.tabOf(t, "guest", true)
	guest.visit("/products", 200)
	guest.small(t, filepath.Join(folder, "shop.webp"))

	text := string(must.Get(os.ReadFile(filepath.Join(system.Root(t), "cmd", "stoa", "demo", "blog", "how-we-pack-an-amphora.2.md")))(t))
	if _, after, ok := strings.Cut(strings.TrimPrefix(text, "---\n"), "\n---\n"); ok {
		text = after
	}
	author := s.SignIn(t, "author")
	draft := client.DraftBy(author)
	draft.Body = object{"title": "How we pack an amphora", "description": "Straw, rope and a box that is larger than you think.", "text": strings.TrimSpace(text), "tags": []string{"Packing"}}
	var post client.Post
	s.Must(t, draft, http.StatusCreated, &post)
	b := s.tabOf(t, "author", true)
	b.visit("/write/"+post.ID, 200)
	b.see("dark")
	b.small(t, filepath.Join(folder, "writing.webp"))
	s.Must(t, client.Request{Method: "DELETE", Path: "/blog/author/id/" + post.ID, As: author}, http.StatusNoContent, nil)
}

// small takes a picture of what a screen shows of the page.
func (b *tab) small(t *testing.T, file string) {
	t.Helper()
	quality := int64(80)
	picture := call(b, screen.CaptureScreenshot, screen.CaptureScreenshotParams{Format: screen.CaptureScreenshotFormatWebp, Quality: &quality})
	must.Do(t, os.WriteFile(file, picture.Data, 0o644))
}
