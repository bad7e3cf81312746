package web

import (
	"cmp"
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gorilla/mux"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/observability"
)

// MaxBody is the largest request body that is read, in bytes: ten times an order of 100 lines.
const MaxBody = 256 << 10

// maxDiscard is how many bytes of a body that is too large are read and thrown away.
const maxDiscard = 32 << 20

// requestTimeout bounds the work on one request. The calls in it have shorter limits, in pkg/sidecar.
const requestTimeout = 10 * time.Second

// requestIDHeader carries the id of a request in all log lines. The first process that gets the request chooses it.
const requestIDHeader = "X-Request-Id"

// Wrap puts around a router what every request needs: a span, a log line, a request id, recovery from panics, and limits on
// body and time.
func Wrap(router *mux.Router, log zerolog.Logger) http.Handler {
	router.Use(nameRoute)
	handler := limit(headAsGet(recovered(router)))
	handler = logged(log, handler)
	return otelhttp.NewHandler(handler, "http", otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
		return r.Method
	}))
}

// isProbe reports probes: they come every few seconds and are not logged.
func isProbe(r *http.Request) bool {
	return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics"
}

type entryKey struct{}

// entry collects what handlers add to the log line of a request.
type entry struct {
	err   error
	route string
}

func entryOf(ctx context.Context) *entry {
	if e, ok := ctx.Value(entryKey{}).(*entry); ok {
		return e
	}
	return &entry{}
}

// noteError keeps an error for the log line of the request: logging happens once, at the edge.
func noteError(ctx context.Context, err error) { entryOf(ctx).err = err }

// nameRoute notes the template of the route, such as "/api/v1/orders/{id}", or else its name, so that logs can be grouped by
// it.
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
		defer func() { // also when the answer is broken off
			line := observability.Log(ctx).WithLevel(levelOf(e.err, written.status)).Err(e.err).Str("method", r.Method)
			if e.route != "" {
				line = line.Str("route", e.route)
			}
			line.Str("path", r.URL.Path).Int("status", written.status).Int64("bytes", written.bytes).
				Dur("duration_ms", time.Since(started)).Msg("request")
		}()
		next.ServeHTTP(written, r)
	})
}

// levelOf is error for our own defects and info for everything else, also for mistakes of callers.
func levelOf(err error, status int) zerolog.Level {
	if errs.Is(err, errs.Internal) || status == http.StatusInternalServerError {
		return zerolog.ErrorLevel
	}
	return zerolog.InfoLevel
}

// requestID takes the id of the caller if it is harmless in a log, and makes a new one otherwise.
func requestID(r *http.Request) string {
	id := r.Header.Get(requestIDHeader)
	harmless := func(c rune) bool {
		return c == '-' || c == '_' || c == '.' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	if id == "" || len(id) > 64 || strings.ContainsFunc(id, func(c rune) bool { return !harmless(c) }) {
		return ids.New()
	}
	return id
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
				noteError(r.Context(), err)
				panic(http.ErrAbortHandler) // half of an answer must not look whole
			}
			WriteError(w, r, err)
		}()
		next.ServeHTTP(w, r)
	})
}

// headAsGet answers HEAD like GET; the server leaves out the body. For a stream there is no HEAD.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && !acceptsStream(r) {
			read := *r
			read.Method = http.MethodGet
			r = &read
		}
		next.ServeHTTP(w, r)
	})
}

func limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > MaxBody {
			// A client that is still sending when the connection closes may see a reset instead of the answer.
			_, _ = io.CopyN(io.Discard, r.Body, maxDiscard)
			w.Header().Set("Connection", "close")
			WriteError(w, r, TooLarge())
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
		if IsStream(r) {
			if r.ContentLength != 0 {
				w.Header().Set("Connection", "close")
				WriteError(w, r, errs.New(errs.Malformed, "a request for a stream must not have a body"))
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// TooLarge is the error for a body over MaxBody.
func TooLarge() error {
	return errs.New(errs.TooLarge, "the request body is over %d bytes", MaxBody)
}

// RequireAppToken admits only the app's own sidecar, which knows the token. Anyone on the machine may send probes.
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
