package service

import (
	"context"
	"fmt"
	"runtime/debug"
)

// Task is work that a schedule begins, and that may take longer than its call, which is a request. It runs once at a time.
type Task struct {
	due  chan struct{}
	work func(ctx context.Context) error
	warn func(error)
}

// NewTask returns a task; warn is told why it failed.
func NewTask(work func(ctx context.Context) error, warn func(error)) *Task {
	return &Task{make(chan struct{}, 1), work, warn}
}

// Begin makes the task run, or run again after it has come to its end. It does not wait.
func (t *Task) Begin(context.Context) error {
	select {
	case t.due <- struct{}{}:
	default: // it will run again anyway
	}
	return nil
}

// Run is a part of the process: it runs the task at once, since an earlier process may have left something, and then whenever
// it is due.
func (t *Task) Run(ctx context.Context) error {
	for {
		if err := t.once(ctx); err != nil && ctx.Err() == nil {
			t.warn(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.due:
		}
	}
}

// once does the work and turns a panic into an error: what the task cannot do must not keep the process from serving people.
func (t *Task) once(ctx context.Context) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return t.work(ctx)
}
