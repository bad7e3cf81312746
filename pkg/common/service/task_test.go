package service

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A task runs at once, then when it is due, and once more for all calls that came while it ran.
func TestTask_runsOnceAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		runs, warned, broken := 0, 0, errors.New("broken")
		task := NewTask(func(context.Context) error {
			runs++
			time.Sleep(time.Minute)
			return broken
		}, func(err error) {
			if errors.Is(err, broken) {
				warned++
			}
		})
		ended := make(chan error)
		go func() { ended <- task.Run(ctx) }()
		for range 3 {
			time.Sleep(10 * time.Second)
			_ = task.Begin(ctx)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if runs != 2 || warned != 2 {
			t.Errorf("%d runs, %d warnings", runs, warned)
		}
		_ = task.Begin(ctx)
		synctest.Wait()
		stop()
		if err := <-ended; err != nil || runs != 3 || warned != 2 {
			t.Errorf("%d runs, %d warnings, error %v", runs, warned, err)
		}
	})
}

// A task that panics is warned of, and runs again when it is due.
func TestTask_survivesAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		runs, warned := 0, 0
		task := NewTask(func(context.Context) error { runs++; panic("broken") }, func(error) { warned++ })
		ended := make(chan error)
		go func() { ended <- task.Run(ctx) }()
		synctest.Wait()
		_ = task.Begin(ctx)
		synctest.Wait()
		stop()
		if err := <-ended; err != nil || runs != 2 || warned != 2 {
			t.Errorf("%d runs, %d warnings, error %v", runs, warned, err)
		}
	})
}
