package handlers

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"stoa/pkg/common/web"
)

// part is a piece of a page that comes from a call of its own: its value, or why there is none.
type part[T any] struct {
	Value T
	Err   error
}

// loading makes the calls of a page side by side. Each has a deadline, so that a page waits for none for long.
type loading struct {
	visit *visit
	calls sync.WaitGroup

	mu     sync.Mutex
	failed []error
}

// load begins a call. Its part has a value, or an error, once wait has returned.
func load[T any](l *loading, call func(context.Context) (T, error)) *part[T] {
	p := &part[T]{}
	l.calls.Go(func() {
		defer func() {
			if cause := recover(); cause != nil {
				p.Err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
			}
			l.note(p.Err)
		}()
		p.Value, p.Err = call(l.visit.ctx())
	})
	return p
}

func (l *loading) note(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.failed = append(l.failed, err)
	}
}

// wait returns when all calls have ended. A page with a part that is missing is not kept for others.
func (l *loading) wait() {
	l.calls.Wait()
	if err := errors.Join(l.failed...); err != nil {
		l.visit.partial = true
		web.NoteError(l.visit.ctx(), err)
	}
}
