package view

import (
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
)

// Page is what a template gets. Templates call its methods as {{$.T "a.key"}}, and hand it to parts as {{template "part" ($.With x)}}.
type Page struct {
	// Data is what the page shows.
	Data any
	// Person is who is signed in; the zero Person for a guest.
	Person domain.Person
	// Path is that of the page, with its query.
	Path string
	// Done is the key of the text that says what has just been done, "" for nothing.
	Done string
	// Trouble says that it is not known who is in front of the browser.
	Trouble bool
	// Pieces is how many pieces are in the cart.
	Pieces int
	// Locale is the reader's.
	Locale Locale

	views *Views
}

// With returns the page with other data, for a part.
func (p Page) With(data any) Page {
	p.Data = data
	return p
}

// SignedIn reports whether the reader is not a guest.
func (p Page) SignedIn() bool { return p.Person.ID != "" }

// Has reports whether the reader has one of these roles.
func (p Page) Has(roles ...string) bool { return p.Person.Has(roles...) }

// T returns the text with this key, in the reader's language. Numbers among the arguments decide between singular and plural.
func (p Page) T(key string, arguments ...any) string {
	return p.views.texts.say(p.Locale, key, arguments...)
}

// At reports whether the page is this one, or below it, so that the navigation marks it.
func (p Page) At(path string) bool {
	rest, ok := strings.CutPrefix(p.Path, path)
	return ok && (rest == "" || rest[0] == '/' || rest[0] == '?')
}

// Initial returns the first letter of a name, in place of a picture.
func (p Page) Initial(name string) string {
	first, _ := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first))
}

// Escape returns a name as a part of a path.
func (p Page) Escape(name string) string { return url.PathEscape(name) }

// Static returns the address of a file that pages load.
func (p Page) Static(name string) string { return p.views.static.Path(name) }

// Money returns an amount.
func (p Page) Money(m api.Money) string { return p.Locale.money(m) }

// Number returns a whole number.
func (p Page) Number(n any) string { return p.Locale.number(n) }

// Date returns the day of a time, in UTC. Where scripts run, the page shows the reader's own day.
func (p Page) Date(t time.Time) string { return p.Locale.date(t) }

// Time returns a time, in UTC.
func (p Page) Time(t time.Time) string {
	return p.Locale.date(t) + " " + t.UTC().Format("15:04") + " UTC"
}

// Stamp returns a time for programs.
func (p Page) Stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
