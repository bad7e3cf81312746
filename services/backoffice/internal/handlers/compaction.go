package handlers

import (
	"errors"
	"net/http"

	"stoa/pkg/common/web"
)

// compact answers the sidecar with 200 when it is done. After an error the next call does the work.
func (h *handlers) compact(w http.ResponseWriter, r *http.Request) {
	if err := errors.Join(h.fulfilments.Compact(r.Context()), h.letters.Compact(r.Context())); err != nil {
		web.WriteError(w, r, err)
	}
}
