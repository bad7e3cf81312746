package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"stoa/test/client"
	"stoa/test/system"
)

// tab is a tab of the browser with cookies of its own: somebody in front of it, who sees what is shown and uses what has a name.
type tab struct {
	testing.TB
	ctx  context.Context
	site string

	mu sync.Mutex
	// complaints are what the page, or the browser about it, said, and what the page asked others for.
	complaints []string
	// refusals are the statuses that the browser may complain about.
	refusals []string
}

// How wide windows are: that of a telephone, half of a screen as one with 200 % zoom sees it, and a whole one.
const (
	narrow = 320
	half   = 640
	wide   = 1280
)

// open opens a tab in which nobody is signed in. The browser's complaints fail the test.
func (s *stage) open(t testing.TB, scripts bool) *tab {
	t.Helper()
	b := &tab{TB: t, site: s.URL}
	ctx, cancel := chromedp.NewContext(s.browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.note))
	t.Cleanup(cancel)
	b.ctx = ctx
	b.do(chromedp.EmulateViewport(wide, 900))
	// Tabs take turns in having the focus, unless each believes that it has it.
	call(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	b.see("light")
	b.run(scripts)
	t.Cleanup(b.quiet)
	return b
}

// quiet fails the test for each complaint since it was called last.
func (b *tab) quiet() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.Sort(b.complaints)
	for _, complaint := range slices.Compact(b.complaints) {
		b.Errorf("the browser complains: %s", complaint)
	}
	b.complaints = nil
}

// refuses says that pages are answered with this status from now on, such as "422", which the browser notes.
func (b *tab) refuses(status string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refusals = append(b.refusals, status)
}

// note is called with everything that happens in the tab.
func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		for _, said := range e.Args {
			b.complaints = append(b.complaints, fmt.Sprintf("console: %s %s", said.Value, said.Description))
		}
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, "exception: "+(&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *log.EventEntryAdded:
		if !b.expected(e.Entry) {
			b.complaints = append(b.complaints, fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		if !b.own(e.Request.URL) && !foreignPicture(e) {
			b.complaints = append(b.complaints, fmt.Sprintf("it asks for %s %s with %v", e.Type, e.Request.URL, e.Request.Headers))
		}
	}
}

// own reports whether an address is part of the site.
func (b *tab) own(url string) bool {
	return strings.HasPrefix(url, b.site+"/") || strings.HasPrefix(url, "data:") || strings.HasPrefix(url, "about:")
}

// foreignPicture reports whether a request is for a picture that a post or a profile names. It does not say who asks.
func foreignPicture(e *network.EventRequestWillBeSent) bool {
	return e.Type == network.ResourceTypeImage && strings.HasPrefix(e.Request.URL, "https://") && e.Request.Headers["Referer"] == nil
}

// expected reports whether an entry of the browser's log is about a picture that the test keeps it from, or about a page that is
// refused on purpose.
func (b *tab) expected(entry *log.Entry) bool {
	switch {
	case strings.HasPrefix(entry.Text, "Autofocus processing was blocked"): // htmx moves the focus itself
		return true
	case entry.Source != log.EntrySourceNetwork:
		return false
	}
	if !b.own(entry.URL) {
		return strings.HasPrefix(entry.URL, "https://")
	}
	return slices.ContainsFunc(b.refusals, func(status string) bool { return strings.Contains(entry.Text, "status of "+status) })
}

// do runs actions of the browser in the tab.
func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := b.try(actions...); err != nil {
		b.Fatalf("at %s: %v", b.where(), err)
	}
}

func (b *tab) try(actions ...chromedp.Action[chromedp.Void]) error {
	if chromedp.FromContext(b.ctx).Target == nil { // the first one gives the tab its life
		return chromedp.Do(b.ctx, actions...)
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, actions...)
}

// where is the address of the page, for what a test says.
func (b *tab) where() string {
	address, _ := evaluate[string](b, `location.pathname + location.search`)
	return address
}

// call sends a command to the tab.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		b.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

// evaluate returns the value of an expression in the page, also while its own scripts may not run.
func evaluate[T any](b *tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

func eval[T any](b *tab, expression string) T {
	b.Helper()
	value, err := evaluate[T](b, expression)
	if err != nil {
		b.Fatalf("at %s: %v in %.300s", b.where(), err, expression)
	}
	return value
}

// run says whether the scripts of pages run from the next page on.
func (b *tab) run(scripts bool) {
	b.Helper()
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
}

// see chooses a colour scheme, light or dark. Nothing moves.
func (b *tab) see(scheme string) {
	b.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// visit opens a page, and expects this status.
func (b *tab) visit(path string, status int64) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.NavigateResponse(b.site+path))
	if err != nil {
		b.Fatalf("%s: %v", path, err)
	}
	if answer == nil || answer.Status != status {
		b.Fatalf("%s: got %+v, want %d: %s", path, answer, status, b.text())
	}
}

// text is what the page shows.
func (b *tab) text() string {
	said, _ := evaluate[string](b, `document.body.innerText.slice(0, 2000)`)
	return said
}

// await waits until an expression is true.
func (b *tab) await(what, expression string) {
	b.Helper()
	system.Eventually(b.TB, what, func() error {
		is, err := evaluate[bool](b, `Boolean(`+expression+`)`)
		if err == nil && !is {
			err = errors.New("it is not; the page " + b.where() + " shows: " + b.text())
		}
		return err
	})
}

// shows waits until the page shows these texts.
func (b *tab) shows(texts ...string) {
	b.Helper()
	for _, text := range texts {
		b.await("the page shows "+text, `document.body?.innerText.includes(`+quote(text)+`)`)
	}
}

// comesToShow loads a page until it shows a text, as somebody does whose browser runs no scripts.
func (b *tab) comesToShow(path, text string) {
	b.Helper()
	system.Eventually(b.TB, path+" shows "+text, func() error {
		if b.visit(path, 200); !strings.Contains(b.text(), text) {
			return errors.New(b.text())
		}
		return nil
	})
}

// quote makes a text one of JavaScript.
func quote(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// finding are functions that find what people can use by its name, or by how that begins, in the page first and then around it.
const finding = `
const said = e => {
	if (!e.querySelector("[aria-hidden]")) return e.innerText;
	const copy = e.cloneNode(true);
	for (const hidden of copy.querySelectorAll("[aria-hidden]")) hidden.remove();
	return copy.textContent;
};
const nameOf = e => {
	const by = (e.getAttribute("aria-labelledby") ?? "").split(" ").map(id => document.getElementById(id)?.innerText ?? "").join(" ").trim();
	const name = by || e.getAttribute("aria-label") || said(e.labels?.[0] ?? e) || "";
	return name.replace(/\s+/g, " ").trim();
};
const seen = e => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length > 0;
const usable = "a[href], button, summary, input, textarea, select";
const called = name => {
	const all = [...document.querySelectorAll("main :is(" + usable + ")"), ...document.querySelectorAll(usable)].filter(seen);
	return all.find(e => nameOf(e) === name) ?? all.find(e => nameOf(e).startsWith(name));
};
`

// scripted wraps statements that use these functions.
func scripted(statements string) string { return `(() => {` + finding + statements + `})()` }

// click presses the mouse on what has this name, and waits until there is such a thing.
func (b *tab) click(name string) {
	b.Helper()
	b.await("there is "+name, scripted(`return called(`+quote(name)+`)`))
	at := eval[[]float64](b, scripted(`
		const e = called(`+quote(name)+`);
		e.scrollIntoView({block: "center", behavior: "instant"});
		const middles = [e.getBoundingClientRect(), ...e.getClientRects()].map(box => [box.x + box.width / 2, box.y + box.height / 2]);
		return middles.find(([x, y]) => { const top = document.elementFromPoint(x, y); return top && (e.contains(top) || [...e.labels ?? []].some(l => l.contains(top))); }) ?? [];`))
	if len(at) != 2 {
		b.Fatalf("at %s: something covers %s", b.where(), name)
	}
	b.do(chromedp.MouseClickXY(at[0], at[1]))
}

// fill types a text in place of what is in a field.
func (b *tab) fill(label, text string) {
	b.Helper()
	b.await("there is the field "+label, scripted(`return called(`+quote(label)+`)`))
	eval[bool](b, scripted(`const e = called(`+quote(label)+`); e.focus(); e.select?.(); return true;`))
	b.write(text)
}

// write types a text where the focus is.
func (b *tab) write(text string) {
	b.Helper()
	call(b, input.InsertText, input.InsertTextParams{Text: text})
}

// signIn signs somebody in by the page, which leads on to another one.
func (b *tab) signIn(email, password, then string) {
	b.Helper()
	b.visit("/sign-in?then="+then, 200)
	b.fill("E-mail address", email)
	b.fill("Password", password)
	b.click("Sign in")
	b.await("somebody is signed in", `location.pathname === `+quote(then)+` && document.querySelector('form[action="/sign-out"]')`)
}

// signInAs signs in one of the accounts of the first start.
func (b *tab) signInAs(s *stage, account, then string) {
	b.Helper()
	b.signIn(s.Accounts[account].Email, s.Accounts[account].Password, then)
}

// fillSignUp makes an account on the page for that, and verifies its address.
func (b *tab) fillSignUp(s *stage, name string) {
	b.Helper()
	email := client.NewAddress()
	b.fill("Name", name)
	b.fill("E-mail address", email)
	b.fill("Password", client.Password)
	b.click("Create an account")
	b.fill("Code of the mail", s.Code(b, email))
	b.click("Verify your address")
}
