// Package handlers answers browsers with pages, and takes what people send by forms.
package handlers

import (
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/services/web/internal/providers/view"
)

// entry is a page, or a form.
type entry struct {
	method, path string
	allow        allow
	do           func(*visit) error
	// shared says that all guests get the same, so that the gateway may keep it for a moment.
	shared bool
}

// allow says who may open a page, or send a form. The services decide as well; this is so that nobody sees a form that is of no use.
type allow struct {
	signedIn bool
	roles    []string // one of them is enough
}

// everyone may open most pages.
var everyone = allow{}

// signedIn is for those who are signed in, with one of these roles if there are any.
func signedIn(roles ...string) allow { return allow{signedIn: true, roles: roles} }

// shared returns an entry for a page that is the same for all guests.
func shared(path string, do func(*visit) error) entry {
	return entry{method: http.MethodGet, path: path, do: do, shared: true}
}

// page returns an entry for a page, and post one for a form.
func page(path string, allow allow, do func(*visit) error) entry {
	return entry{method: http.MethodGet, path: path, allow: allow, do: do}
}

func post(path string, allow allow, do func(*visit) error) entry {
	return entry{method: http.MethodPost, path: path, allow: allow, do: do}
}

// Routes adds all pages to a router, which answers unknown paths with a page too.
func Routes(router *mux.Router, s *Site) {
	for _, e := range s.entries() {
		router.Path(e.path).Methods(e.method).HandlerFunc(s.serve(e))
	}
	router.Path(view.StaticBase + "/{hash}/{name:.+}").Methods(http.MethodGet).HandlerFunc(s.serve(entry{do: s.static}))
	router.NotFoundHandler = s.serve(entry{do: nothingHere})
	router.MethodNotAllowedHandler = s.serve(entry{do: func(v *visit) error {
		v.w.Header().Set("Allow", web.Allowed(router, v.r))
		return errs.New(errs.MethodNotAllowed, "this path does not support this method")
	}})
}

// entries are all pages and forms. Each area has a table of its own.
func (s *Site) entries() []entry {
	return slices.Concat(
		// The shop.
		shopPages(s), cartPages(s), checkoutPages(s), orderPages(s),
		// Accounts.
		sessionPages(s), signUpPages(s), accountPages(s), leavingPages(s), noticePages(s),
		// The blog.
		blogPages(s), commentPages(s), followPages(s), writePages(s), reviewPages(s), reportPages(s), tagPages(s),
		// Staff and admins.
		backstage(s),
	)
}
