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
	return watch(s, name, fallback, "true or false", strconv.ParseBool)
}

// Int watches a number of 0 or more. fallback, from the environment, applies when the store has no value.
func Int(s *Settings, name string, fallback int64) *Value[int64] {
	return watch(s, name, fallback, "a whole number of 0 or more", func(text string) (int64, error) {
		n, err := strconv.ParseUint(text, 10, 63)
		return int64(n), err
	})
}

// watch watches a setting. kind describes the texts that parse accepts; the error for any other text names it.
func watch[T any](s *Settings, name string, fallback T, kind string, parse func(text string) (T, error)) *Value[T] {
	v := &Value[T]{}
	v.current.Store(&fallback)
	s.Watch(name, func(text string) error {
		if text == "" {
			v.current.Store(&fallback)
			return nil
		}
		parsed, err := parse(text)
		if err != nil {
			return errors.New("must be " + kind)
		}
		v.current.Store(&parsed)
		return nil
	})
	return v
}
