package handlers

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"stoa/services/web/internal/domain"
)

// The cookies of pages. The gateway passes on those whose names begin so, and no others.
const (
	sessionCookie = "stoa-session"
	doneCookie    = "stoa-done"
	cartCookie    = "stoa-cart"
)

// doneTTL is how long what has been done can still be said: until the next page.
const doneTTL = time.Minute

// nameOf returns the name of a cookie. With TLS it has a prefix by which browsers know that only this host may set it.
func (v *visit) nameOf(cookie string) string {
	if v.secure {
		return "__Host-" + cookie
	}
	return cookie
}

// cookie returns the value of a cookie, "" if the browser has not sent it.
func (v *visit) cookie(name string) string {
	found, err := v.r.Cookie(v.nameOf(name))
	if err != nil {
		return ""
	}
	return found.Value
}

// keepCookie makes the browser keep a cookie, which no script and no other site can use.
func (v *visit) keepCookie(name, value string, ttl time.Duration) {
	http.SetCookie(v.w, &http.Cookie{
		Name: v.nameOf(name), Value: value, Path: "/", MaxAge: int(ttl.Seconds()), HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (v *visit) dropCookie(name string) {
	http.SetCookie(v.w, &http.Cookie{
		Name: v.nameOf(name), Path: "/", MaxAge: -1, HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode,
	})
}

// keepSession makes the browser keep the reference of its session.
func (v *visit) keepSession(reference domain.Reference) {
	plain, err := json.Marshal(reference)
	if err != nil { // a reference can be written as JSON
		return
	}
	v.keepCookie(sessionCookie, v.site.sealer.Seal(sessionCookie, plain), domain.SessionTTL)
}

// readDone returns the key of the text that says what was done before this page, "" for nothing. Other texts are not for that.
func (v *visit) readDone() string {
	key := v.cookie(doneCookie)
	if !strings.Contains(key, ".done.") || !v.site.views.Has(key) {
		return ""
	}
	return key
}
