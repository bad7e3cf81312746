package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/gorilla/mux"
)

// OnSchedule does these works, one after the other, whenever the sidecar calls POST /<name>: for a cron component with this
// name. An error of one does not keep the others from being done. After an error the next call does the work.
func OnSchedule(router *mux.Router, name string, works ...func(context.Context) error) {
	router.Path("/" + name).Methods(http.MethodPost).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var all []error
		for _, work := range works {
			all = append(all, work(r.Context()))
		}
		if err := errors.Join(all...); err != nil {
			WriteError(w, r, err)
		}
	})
}
