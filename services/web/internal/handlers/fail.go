package handlers

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/pkg/observability"
)

// described are the statuses for which there are texts.
var described = []int{400, 403, 404, 405, 409, 413, 422, 429, 500, 503}

// failure is what the error page shows.
type failure struct {
	Status  int
	Again   bool // it may help to try again
	Verify  bool // it helps to verify the address
	TraceID string
}

// fail answers in place of a page. Where somebody has to sign in, that is the sign-in.
func (v *visit) fail(err error) {
	web.NoteError(v.ctx(), err)
	if web.IsStream(v.r) {
		v.failLive(err)
		return
	}
	if errs.Is(err, errs.Unauthenticated) {
		asked := v.askToSignIn()
		if asked == nil {
			return
		}
		err = asked
	}
	status := errs.KindOf(err).HTTPStatus()
	if wait := errs.From(err).RetryAfter; status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		v.w.Header().Set("Retry-After", strconv.Itoa(int(max(wait, time.Second)/time.Second)))
	}
	if err := v.answer(status, "error", v.failed(status, err)); err != nil { // without a template there is no page
		web.WriteError(v.w, v.r, err)
	}
}

// failed is what the error page shows for an error with this status.
func (v *visit) failed(status int, err error) failure {
	shown := failure{
		Status: status, Again: v.r.Method == http.MethodGet && status >= http.StatusTooManyRequests, Verify: errs.Is(err, errs.Unverified),
	}
	if !slices.Contains(described, status) {
		shown.Status = http.StatusBadRequest
	}
	if status == http.StatusInternalServerError {
		shown.TraceID = observability.TraceID(v.ctx())
	}
	return shown
}

// absent returns an error for something that was asked for by its address: one that cannot be is not found.
func absent(err error) error {
	if errs.Is(err, errs.Invalid) {
		return errs.Wrap(errs.NotFound, err, "there is nothing at this path")
	}
	return err
}
