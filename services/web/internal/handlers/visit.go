package handlers

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/mux"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// visit is one request for a page, and who it is from.
type visit struct {
	site   *Site
	w      http.ResponseWriter
	r      *http.Request
	shared bool // all guests get the same answer
	secure bool // the browser uses TLS

	who     domain.Visitor
	sent    *domain.Reference // that of the browser's cookie
	trouble error             // why it is not known who it is
	done    string            // the key of the text that says what has just been done
	partial bool              // a part of the page is missing
	filled  *domain.Cart      // the cart, once it was read
}

// receive finds out who is in front of the browser. Calls from the context of the visit are on their behalf.
func (s *Site) receive(w http.ResponseWriter, r *http.Request, e entry) *visit {
	v := &visit{site: s, w: w, r: r, shared: e.shared, secure: first(r.Header, "X-Forwarded-Proto") == "https"}
	addresses := first(r.Header, "X-Forwarded-For")
	address := strings.TrimSpace(addresses[strings.LastIndex(addresses, ",")+1:])
	v.r = r.WithContext(api.As(r.Context(), api.Caller{Address: address, UserAgent: r.UserAgent()}))
	v.done = v.readDone()
	if strings.HasPrefix(r.URL.Path, view.StaticBase+"/") {
		return v // files are the same for everybody
	}
	v.resume()
	return v
}

// resume finds the session of the browser's cookie, and replaces the cookie if that has to be. One that is not ours is removed.
func (v *visit) resume() {
	sealed := v.cookie(sessionCookie)
	if sealed == "" {
		return
	}
	plain, ok := v.site.sealer.Open(sessionCookie, sealed)
	v.sent = &domain.Reference{}
	if !ok || json.Unmarshal(plain, v.sent) != nil {
		v.sent = nil
		v.dropCookie(sessionCookie)
		return
	}
	v.who, v.trouble = v.site.sessions.Resume(v.ctx(), *v.sent)
	if v.who.Reference != nil {
		v.sent = v.who.Reference
		v.keepSession(*v.sent)
	}
	v.as(v.who.Token)
}

// as makes further calls of the visit on behalf of the owner of this token.
func (v *visit) as(token string) { v.r = v.r.WithContext(api.WithToken(v.r.Context(), token)) }

func (v *visit) ctx() context.Context { return v.r.Context() }

// part returns a part of the path, such as an id, and query a parameter of the query.
func (v *visit) part(name string) string  { return mux.Vars(v.r)[name] }
func (v *visit) query(name string) string { return v.r.URL.Query().Get(name) }

// path is the path and the query of the page.
func (v *visit) path() string { return v.r.URL.RequestURI() }

// more is the address of the next page of a list, "" on the last one.
func (v *visit) more(cursor string) string {
	if cursor == "" {
		return ""
	}
	query := url.Values{}
	for name, values := range v.r.URL.Query() {
		query[name] = values
	}
	query.Set("cursor", cursor)
	return v.r.URL.EscapedPath() + "?" + query.Encode()
}

// admit returns an error unless the visitor may open the page.
func (v *visit) admit(a allow) error {
	switch {
	case !a.signedIn:
		return nil
	case v.trouble != nil:
		return errs.Wrap(errs.Unavailable, v.trouble, "it cannot be found out who is signed in")
	case !v.who.SignedIn():
		return errs.New(errs.Unauthenticated, "sign in first")
	case v.who.Token == "":
		return errs.New(errs.Unavailable, "auth does not answer")
	case len(a.roles) > 0 && !v.who.Person.Has(a.roles...):
		return errs.New(errs.Forbidden, "this needs the role %s", strings.Join(a.roles, " or "))
	}
	return nil
}
