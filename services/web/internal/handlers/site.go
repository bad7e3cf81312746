package handlers

import (
	"net/http"
	"strings"

	"stoa/pkg/common/errs"
	"stoa/services/web/internal/domain"
	"stoa/services/web/internal/providers/api"
	"stoa/services/web/internal/providers/view"
)

// Site is what all pages share.
type Site struct {
	views    *view.Views
	sessions *domain.Sessions
	carts    domain.CartStore
	api      *api.Client
	sealer   *domain.Sealer
	crossing *http.CrossOriginProtection
}

// NewSite returns a site. publicURL is where people find it; requests from there are ours even if a proxy hides what the browser named.
func NewSite(
	views *view.Views, sessions *domain.Sessions, carts domain.CartStore, client *api.Client, sealer *domain.Sealer, publicURL string,
) (*Site, error) {
	s := &Site{views: views, sessions: sessions, carts: carts, api: client, sealer: sealer, crossing: http.NewCrossOriginProtection()}
	if publicURL == "" {
		return s, nil
	}
	return s, s.crossing.AddTrustedOrigin(strings.TrimRight(publicURL, "/"))
}

// serve returns the handler of a page or a form.
func (s *Site) serve(e entry) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := s.receive(w, r, e)
		err := s.fromHere(v.r)
		if err == nil {
			err = v.admit(e.allow)
		}
		if err == nil {
			err = e.do(v)
		}
		if err != nil {
			v.fail(err)
		}
	}
}

// fromHere refuses what a page of another site has sent. The browser has named the host to the gateway.
func (s *Site) fromHere(r *http.Request) error {
	named := r.WithContext(r.Context()) // a copy
	if host := first(r.Header, "X-Forwarded-Host"); host != "" {
		named.Host = host
	}
	if err := s.crossing.Check(named); err != nil {
		return errs.Wrap(errs.Forbidden, err, "the request came from another site")
	}
	return nil
}

// first returns what the gateway has written into a header. Sidecars add further lines.
func first(header http.Header, name string) string {
	if lines := header.Values(name); len(lines) > 0 {
		return strings.TrimSpace(lines[0])
	}
	return ""
}

// static answers with a file that pages load.
func (s *Site) static(v *visit) error {
	if !s.views.Static().Serve(v.w, v.r, v.part("hash"), v.part("name")) {
		return nothingHere(v)
	}
	return nil
}

func nothingHere(*visit) error { return errs.New(errs.NotFound, "there is nothing at this path") }
