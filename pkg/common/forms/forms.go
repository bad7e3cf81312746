// Package forms reads and writes JSON that outlives a build: documents in a store, and events on their way. A type whose
// form changes gets a number for each form, so that later builds can read what earlier ones wrote.
//
// The JSON has the number as "form"; without this field it is 1. A type that has had only one form does nothing.
package forms

import (
	"bytes"
	"encoding/json"
	"fmt"

	"stoa/pkg/common/errs"
)

// Versioned is implemented by a type that has had several forms. Its methods have value receivers.
type Versioned interface {
	// Form is the number of the form that this build writes: 2 or more.
	Form() int
	// Upgrade returns, in form from+1, what was written in form from.
	Upgrade(from int, old json.RawMessage) (json.RawMessage, error)
}

// formOf returns the form of a value that this build writes, and its Versioned if it is one.
func formOf(value any) (int, Versioned) {
	if v, ok := value.(Versioned); ok {
		return v.Form(), v
	}
	return 1, nil
}

// Write returns the JSON of a value, with the number of its form.
func Write(value any) ([]byte, error) {
	raw, err := json.Marshal(value)
	form, _ := formOf(value)
	if err != nil || form == 1 {
		return raw, err
	}
	if !bytes.HasPrefix(raw, []byte("{")) {
		return nil, fmt.Errorf("a %T is not a JSON object, so it cannot have a form", value)
	}
	number := fmt.Appendf(nil, `{"form":%d`, form)
	if !bytes.HasPrefix(raw, []byte("{}")) {
		number = append(number, ',')
	}
	return append(number, raw[1:]...), nil
}

// Read reads into a value what Write wrote, in this build or an earlier one. It fails with errs.Unavailable if a later
// build wrote it: the caller tries again until it meets that build, and meanwhile must not write over it.
func Read[T any](raw []byte, into *T) error {
	written := writtenForm(raw)
	current, versioned := formOf(*into)
	if written > current {
		return errs.New(errs.Unavailable, "this was written by a newer version of the service; try again later")
	}
	for form := written; form < current; form++ {
		upgraded, err := versioned.Upgrade(form, raw)
		if err != nil {
			return fmt.Errorf("form %d cannot be upgraded: %w", form, err)
		}
		raw = upgraded
	}
	return json.Unmarshal(raw, into)
}

// writtenForm returns the number of the form that raw is in.
func writtenForm(raw []byte) int {
	var numbered struct {
		Form int `json:"form"`
	}
	if bytes.Contains(raw, []byte(`"form"`)) { // most have no number, and are parsed once
		_ = json.Unmarshal(raw, &numbered) // what cannot be read is reported by its type
	}
	return max(numbered.Form, 1)
}
