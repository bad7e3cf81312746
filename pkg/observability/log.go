package observability

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/trace"
)

// leveled drops lines below its level. Loggers are copied, so their own levels cannot change later; this one level can.
type leveled struct {
	io.Writer
	level atomic.Int32
}

// WriteLevel implements zerolog.LevelWriter.
func (w *leveled) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	if level < zerolog.Level(w.level.Load()) {
		return len(line), nil
	}
	return w.Write(line)
}

func newLogger(name string, out *leveled) zerolog.Logger {
	return zerolog.New(out).Hook(timestamp{}).With().Str("app", name).Logger()
}

// SetLevel makes all loggers write lines of this level and above: trace, debug, info, warn or error.
func (t *Telemetry) SetLevel(level string) error {
	parsed, err := zerolog.ParseLevel(level)
	if err != nil || parsed == zerolog.NoLevel {
		return fmt.Errorf("LOG_LEVEL %q is not one of trace, debug, info, warn, error", level)
	}
	t.out.level.Store(int32(parsed))
	return nil
}

// timestamp writes the time of every line in UTC with microseconds, so that lines of several processes sort.
type timestamp struct{}

// Run implements zerolog.Hook.
func (timestamp) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str("time", time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"))
}

// WithTrace returns a context whose logger (Log) adds the ids of the trace and span in ctx to every line.
func WithTrace(ctx context.Context, log zerolog.Logger) context.Context {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		log = log.With().Str("trace_id", span.TraceID().String()).Str("span_id", span.SpanID().String()).Logger()
	}
	return log.WithContext(ctx)
}

// Log returns the logger of ctx, which adds the trace id of its request or event. For a ctx without a logger it is silent.
func Log(ctx context.Context) *zerolog.Logger { return zerolog.Ctx(ctx) }

// Safely calls do and turns a panic into an error, whose stack is in the log: so nothing can crash the process again and again.
func Safely(ctx context.Context, do func(context.Context) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
			Log(ctx).Error().Err(err).Bytes("stack", debug.Stack()).Msg("panic")
		}
	}()
	return do(ctx)
}

// TraceID returns the id of the trace in ctx, or "" without one.
func TraceID(ctx context.Context) string {
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		return span.TraceID().String()
	}
	return ""
}
