package settings

import (
	"errors"
	"strconv"
	"sync/atomic"
)

// Value is a setting of type T. It is safe for concurrent use.
type Value[T any] struct {
	current atomic.Pointer[T]
}

// Get returns the value that is in effect now. It may change between two calls, so call it once for each decision.
func (v *Value[T]) Get() T { return *v.current.Load() }

// Bool watches a switch. fallback, from the environment, applies when the store has no value.
func Bool(s *Settings, name string, fallback bool) *Value[bool] {
	return watch(s, name, fallback, func(text string) (bool, error) {
		on, err := strconv.ParseBool(text)
		if err != nil {
			return false, errors.New("must be true or false")
		}
		return on, nil
	})
}

// Int watches a number of 0 or more. fallback, from the environment, applies when the store has no value.
func Int(s *Settings, name string, fallback int64) *Value[int64] {
	return watch(s, name, fallback, func(text string) (int64, error) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return 0, errors.New("must be a whole number of 0 or more")
		}
		return n, nil
	})
}

func watch[T any](s *Settings, name string, fallback T, parse func(text string) (T, error)) *Value[T] {
	v := &Value[T]{}
	v.current.Store(&fallback)
	s.Watch(name, func(text string) error {
		if text == "" {
			v.current.Store(&fallback)
			return nil
		}
		parsed, err := parse(text)
		if err == nil {
			v.current.Store(&parsed)
		}
		return err
	})
	return v
}
