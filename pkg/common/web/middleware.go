package web

import (
	"cmp"
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/gorilla/mux"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"stoa/pkg/common/clip"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/observability"
)

// MaxBody is the largest request body that is read, in bytes: the largest that an operation takes, a picture.
const MaxBody = 1400 << 10

// How many bytes of a body over MaxBody are read and thrown away, and for how long.
const (
	maxDiscard  = 32 << 20
	discardTime = time.Second
)

// requestTimeout bounds the work on one request. pkg/sidecar has shorter limits for each call to the sidecar.
const requestTimeout = 10 * time.Second

// requestIDHeader has the id of a request, which is in all its log lines. The client may choose it; otherwise the first
// process that gets the request makes one.
const requestIDHeader = "X-Request-Id"

// Wrap adds to a router what every request needs: a span, a log line, a request id, recovery from panics, and limits on body
// and time. The span continues the trace of the caller.
func Wrap(router *mux.Router, log zerolog.Logger) http.Handler { return wrap(router, log, false) }

// WrapPublic is Wrap for requests of strangers. Each begins a trace of its own, linked to that of the caller: otherwise the
// caller would choose the id by which people search our logs. It does without LimitBody, so that handlers can count a request
// before they refuse it.
func WrapPublic(router *mux.Router, log zerolog.Logger) http.Handler { return wrap(router, log, true) }

func wrap(router *mux.Router, log zerolog.Logger, public bool) http.Handler {
	router.Use(nameRoute)
	handler := headAsGet(recovered(router))
	if !public {
		handler = LimitBody(handler)
	}
	return otelhttp.NewHandler(logged(log, limitTime(handler)), "http",
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return clip.Text(r.Method) }),
		otelhttp.WithPublicEndpointFn(func(*http.Request) bool { return public }),
	)
}

// isProbe reports whether the request is a probe. Probes come every few seconds and are not logged.
func isProbe(r *http.Request) bool {
	return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics"
}

type entryKey struct{}

// entry is what handlers add to the log line of a request.
type entry struct {
	err   error
	route string
	quiet bool
}

func entryOf(ctx context.Context) *entry {
	if e, ok := ctx.Value(entryKey{}).(*entry); ok {
		return e
	}
	return &entry{}
}

// NoteError keeps an error for the log line of the request: logging happens once, at the edge. WriteError calls it; a handler that
// answers with a page does so itself.
func NoteError(ctx context.Context, err error) { entryOf(ctx).err = err }

// Quiet keeps the log line of a request out of the log, unless that has lines of the level debug. It is for what a flood has
// much of.
func Quiet(ctx context.Context) { entryOf(ctx).quiet = true }

// nameRoute adds to the log line the template of the route, such as "/api/v1/orders/{id}", or else its name.
func nameRoute(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if route := mux.CurrentRoute(r); route != nil {
			template, _ := route.GetPathTemplate()
			entryOf(r.Context()).route = cmp.Or(template, route.GetName())
		}
		next.ServeHTTP(w, r)
	})
}

func logged(log zerolog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isProbe(r) {
			next.ServeHTTP(w, r)
			return
		}
		started, e, written := time.Now(), &entry{}, &recorder{ResponseWriter: w, status: http.StatusOK}
		id := requestID(r)
		r.Header.Set(requestIDHeader, id)
		w.Header().Set(requestIDHeader, id)
		ctx := observability.WithTrace(r.Context(), log.With().Str("request_id", id).Logger())
		r = r.WithContext(context.WithValue(ctx, entryKey{}, e))
		defer func() { // also after a panic
			line := observability.Log(ctx).WithLevel(e.level(written.status)).Str("method", clip.Text(r.Method))
			if e.err != nil {
				line = line.Str(zerolog.ErrorFieldName, e.words())
			}
			if e.route != "" {
				line = line.Str("route", e.route)
			}
			line.Str("path", clip.Text(r.URL.Path)).Int("status", written.status).Int64("bytes", written.bytes).
				Dur("duration_ms", time.Since(started)).Msg("request")
		}()
		next.ServeHTTP(written, r)
	})
}

// level is error for our own defects, debug for what is kept quiet, and info for everything else, such as mistakes of callers
// and outages.
func (e *entry) level(status int) zerolog.Level {
	switch {
	case errs.Is(e.err, errs.Internal) || status == http.StatusInternalServerError:
		return zerolog.ErrorLevel
	case e.quiet:
		return zerolog.DebugLevel
	default:
		return zerolog.InfoLevel
	}
}

// maxDefect is how many bytes of our own errors are logged: those of a panic have its stack.
const maxDefect = 8 << 10

// words is the error for the log. Of a caller's mistake, which the caller may have worded, there is little.
func (e *entry) words() string {
	if errs.KindOf(e.err).HTTPStatus() < http.StatusInternalServerError {
		return clip.Text(e.err.Error())
	}
	return clip.To(e.err.Error(), maxDefect)
}

// safeID is a request id that may be logged.
var safeID = regexp.MustCompile(`^[0-9A-Za-z._-]{1,64}$`)

// requestID returns the caller's id if it is safe to log, and otherwise a new one.
func requestID(r *http.Request) string {
	if id := r.Header.Get(requestIDHeader); safeID.MatchString(id) {
		return id
	}
	return ids.New()
}

func recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares it like this too
				panic(cause)
			}
			err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
			if answer, ok := w.(*recorder); ok && answer.sent {
				NoteError(r.Context(), err)
				panic(http.ErrAbortHandler) // half an answer must not look complete
			}
			WriteError(w, r, err)
		}()
		next.ServeHTTP(w, r)
	})
}

// headAsGet answers HEAD like GET; the server leaves out the body. Streams do not support HEAD.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && !acceptsStream(r) {
			r = r.WithContext(r.Context()) // a copy
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}

// limitTime bounds the work on a request, unless that is for a stream.
func limitTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if IsStream(r) {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// LimitBody refuses a body over MaxBody, and any body of a request for a stream. Wrap includes it.
func LimitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.ContentLength > MaxBody:
			RefuseBody(w, r, MaxBody)
		case r.ContentLength != 0 && IsStream(r):
			refuse(w, r, errs.New(errs.Malformed, "a request for a stream must not have a body"))
		default:
			r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
			next.ServeHTTP(w, r)
		}
	})
}

// RefuseBody answers a request whose body is over a limit, without waiting for the body. Then it reads what the client is still
// sending, for a moment: otherwise the client would see a reset instead of the answer.
func RefuseBody(w http.ResponseWriter, r *http.Request, limit int64) {
	refuse(w, r, errs.New(errs.TooLarge, "the request body is over %d bytes", limit))
	connection := http.NewResponseController(w)
	if connection.Flush() == nil && connection.SetReadDeadline(time.Now().Add(discardTime)) == nil {
		_, _ = io.CopyN(io.Discard, r.Body, maxDiscard)
	}
}

// refuse answers a request whose body is not handled, and closes the connection.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Connection", "close")
	WriteError(w, r, err)
}

// TooLarge is the error for a body over MaxBody.
func TooLarge() error {
	return errs.New(errs.TooLarge, "the request body is over %d bytes", MaxBody)
}

// RequireAppToken refuses requests without the token that the app's own sidecar sends. Probes need no token.
func RequireAppToken(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isProbe(r) && subtle.ConstantTimeCompare([]byte(r.Header.Get("dapr-api-token")), []byte(token)) != 1 {
			WriteError(w, r, errs.New(errs.Unauthenticated, "this port is for the sidecar only"))
			return
		}
		r.Header.Del("dapr-api-token")
		next.ServeHTTP(w, r)
	})
}
