package handlers

import (
	"net/http"

	"stoa/pkg/common/web"
	"stoa/services/web/internal/providers/view"
)

// policy lets pages run and load our own files, and show pictures of others. Nothing may frame them, and forms go nowhere else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// How long an answer may be kept. A guest's page is kept by the gateway alone, so that a browser shows at once that somebody has
// signed in.
const (
	keptForGuests = "public, max-age=0, s-maxage=2"
	keptByNobody  = "private, no-store"
)

// view returns what a template gets.
func (v *visit) view(data any) view.Page {
	return v.site.views.Page(view.Page{
		Data: data, Person: v.who.Person, Path: v.path(), Done: v.done, Trouble: v.trouble != nil,
		Locale: view.LocaleOf(v.r.Header.Get("Accept-Language")),
	})
}

// show answers with a page.
func (v *visit) show(name string, data any) error { return v.answer(http.StatusOK, name, data) }

// answer answers with a page and a status.
func (v *visit) answer(status int, name string, data any) error {
	page := v.view(data)
	page.Pieces = v.pieces()
	html, err := v.site.views.Render(name, page)
	if err != nil {
		return err
	}
	if v.done != "" {
		v.dropCookie(doneCookie)
	}
	v.headers(status)
	if v.w.Header().Get("Cache-Control") == keptForGuests && v.has(html) {
		v.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	v.w.WriteHeader(status)
	_, _ = v.w.Write(html) // the reader may have gone away
	return nil
}

// has reports whether the asker has this answer already, such as the gateway's cache.
func (v *visit) has(html []byte) bool {
	etag := web.ETag(html)
	v.w.Header().Set("ETag", etag)
	current := web.HasCurrent(v.r.Header.Get("If-None-Match"), etag)
	if current {
		v.w.Header().Del("Content-Type")
	}
	return current
}

// headers sets those of a page.
func (v *visit) headers(status int) {
	header := v.w.Header()
	for name, value := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff",
		// Without a referrer, browsers would hide where a form comes from.
		"Referrer-Policy": "same-origin", "X-Frame-Options": "DENY", "Vary": "Cookie, Accept-Language", "Cache-Control": keptByNobody,
	} {
		header.Set(name, value)
	}
	if v.shared && status == http.StatusOK && !v.partial && len(v.r.Cookies()) == 0 {
		header.Set("Cache-Control", keptForGuests)
	}
	if status < http.StatusBadRequest || v.r.Header.Get("Hx-Request") == "" {
		return
	}
	header.Set("Hx-Push-Url", "false") // the address stays that of the page before
	if v.r.Header.Get("Hx-Request-Type") == "partial" {
		header.Set("Hx-Retarget", "#main")
		header.Set("Hx-Reselect", "#main")
		header.Set("Hx-Reswap", "outerHTML")
	}
}

// redirect leads to another page, which says what has been done; done is the key of that text, or "".
func (v *visit) redirect(to, done string) error {
	if done != "" {
		v.keepCookie(doneCookie, done, doneTTL)
	}
	return v.lead(to, http.StatusSeeOther)
}

// moved leads to where a page is now. Nobody keeps that: it may move back.
func (v *visit) moved(to string) error { return v.lead(to, http.StatusMovedPermanently) }

func (v *visit) lead(to string, status int) error {
	v.w.Header().Set("Cache-Control", keptByNobody)
	v.w.Header().Set("Location", to)
	v.w.WriteHeader(status)
	return nil
}
