package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// maxHTML is how large a page may be, without its pictures.
const maxHTML = 100 << 10

// Everything about pages that needs a browser, on one system and in one browser.
func TestPages(t *testing.T) {
	s := newStage(t, true)
	s.furnish(t)
	t.Run("no page is forgotten", s.everyPageIsAPlace)
	for who, places := range s.places() {
		t.Run("each page of a "+who, func(t *testing.T) {
			t.Parallel()
			s.everyPlaceIsFit(t, who, places)
		})
	}
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("from the shop to the API key, scripts %t", scripts), func(t *testing.T) {
			t.Parallel()
			s.everybodyDoesTheirPart(t, scripts)
		})
	}
	t.Run("checkout by keyboard", func(t *testing.T) { t.Parallel(); s.checkoutByKeyboard(t) })
	t.Run("writing and review by keyboard", func(t *testing.T) { t.Parallel(); s.writingByKeyboard(t) })
	t.Run("an order that moves leaves the focus", func(t *testing.T) { t.Parallel(); s.anOrderLeavesTheFocus(t) })
	t.Run("a draft that is saved leaves the focus", func(t *testing.T) { t.Parallel(); s.aDraftLeavesTheFocus(t) })
	t.Run("an error has the focus", func(t *testing.T) { t.Parallel(); s.anErrorHasTheFocus(t) })
}

// everyPlaceIsFit opens each page with scripts and without, and looks at it in all ways.
func (s *stage) everyPlaceIsFit(t *testing.T, who string, places []place) {
	b := s.tabOf(t, who, true)
	for _, p := range places {
		b.run(true)
		b.reach(p)
		for _, wrong := range b.wrong() {
			t.Errorf("%s (%s): %s", p.name, p.path, wrong)
		}
		title := eval[string](b, `document.querySelector("h1")?.innerText ?? ""`)
		b.run(false)
		b.reach(p)
		if without := eval[string](b, `document.querySelector("h1")?.innerText ?? ""`); title == "" || without != title {
			t.Errorf("%s: its heading is %q, without scripts %q", p.name, title, without)
		}
		b.quiet()
	}
}

// reach brings somebody to a place.
func (b *tab) reach(p place) {
	b.Helper()
	status := max(p.status, 200)
	if status != 200 {
		b.refuses(fmt.Sprint(status))
	}
	b.visit(p.path, status)
	if p.then != nil {
		p.then(b)
	}
}

// wrong is what is wrong with the page, for people who see little, use a telephone, or have a slow line.
func (b *tab) wrong() (wrong []string) {
	b.Helper()
	if size := eval[int](b, `performance.getEntriesByType("navigation")[0].decodedBodySize`); size > maxHTML {
		wrong = append(wrong, fmt.Sprintf("its HTML has %d bytes", size))
	}
	for _, found := range b.violations("") {
		wrong = append(wrong, "axe: "+found)
	}
	for _, moves := range eval[[]string](b, moving) {
		wrong = append(wrong, "it moves where nothing should: "+moves)
	}
	for _, taken := range eval[[]string](b, taking) {
		wrong = append(wrong, "it is replaced by itself, and takes the focus with it: "+taken)
	}
	b.see("dark")
	for _, found := range b.violations(ofColours) {
		wrong = append(wrong, "axe, dark: "+found)
	}
	b.see("light")
	for _, width := range []int64{narrow, half} {
		b.do(chromedp.EmulateViewport(width, 700))
		if sticks := eval[[]string](b, sticking); len(sticks) > 0 {
			wrong = append(wrong, fmt.Sprintf("at %d pixels it is wider than the window: %s", width, strings.Join(sticks, "; ")))
		}
	}
	b.do(chromedp.EmulateViewport(wide, 900))
	return wrong
}

// moving lists what would move although the reader wants nothing to.
const moving = `[...document.querySelectorAll("*")].filter(e => {
	const style = getComputedStyle(e);
	return style.animationName !== "none" || style.transitionDuration.split(", ").some(d => d !== "0s") || style.scrollBehavior !== "auto";
}).map(e => e.outerHTML.slice(0, 100))`

// taking lists what somebody may have the focus on while the page asks again for the part that it is in.
var taking = scripted(`return [...document.querySelectorAll("[hx-trigger*=every] :is(" + usable + ")")].filter(seen).map(e => e.outerHTML.slice(0, 100));`)

// sticking lists what makes the page wider than the window: what sticks out, but not from a part that scrolls by itself.
const sticking = `(() => {
	const width = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth <= width) return [];
	const scrolls = e => e && (["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
	const out = [...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > width + 1 && !scrolls(e.parentElement));
	return ["scrolls to " + document.documentElement.scrollWidth, ...out.slice(0, 5).map(e => e.outerHTML.slice(0, 150))];
})()`

// The tests above lean on what is noticed here.
func TestBrowser_noticesWhatIsWrongWithAPage(t *testing.T) {
	b := (&stage{Shop: served(t, `<!doctype html><title></title><style>p { color: #999; transition: color 1s } @media (prefers-color-scheme: dark) { p { color: black } body { background: #111 } }</style>
		<img src="/x.png"><p>Pale</p><div style="width: 2000px">wide</div><script>console.log("said")</script><img src="http://elsewhere.example/a.png">`),
		browser: start(t, find(t))}).open(t, true)
	b.visit("/", 200)
	found := strings.Join(b.wrong(), "\n")
	for _, want := range []string{"axe: image-alt", "axe: color-contrast", "axe, dark: color-contrast", "it moves", "at 320 pixels"} {
		if !strings.Contains(found, want) {
			t.Errorf("%s is not noticed: %s", want, found)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	heard := strings.Join(b.complaints, "\n")
	b.complaints = nil
	for _, want := range []string{"said", "404", "elsewhere.example"} {
		if !strings.Contains(heard, want) {
			t.Errorf("%s is not heard: %s", want, heard)
		}
	}
}
