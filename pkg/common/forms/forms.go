// Package forms reads and writes JSON that outlives a build: documents in a store, and events on their way. A form is one
// version of the JSON of a type. Each form has a number, so that later builds can read what earlier ones wrote.
//
// The number is the field "form" of the JSON; without this field it is 1. A type with only one form so far needs no code.
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
	// Upgrade converts JSON of the form `from` to the form after it.
	Upgrade(from int, old json.RawMessage) (json.RawMessage, error)
}

// formOf returns the form in which this build writes a value, and the value as Versioned if it has had several.
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

// Read decodes what Write wrote in this build or an earlier one. For the JSON of a later build it fails with
// errs.Unavailable: a retry may reach a process of that build. The caller must not overwrite that JSON.
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
	if bytes.Contains(raw, []byte(`"form"`)) { // most JSON has no number, and need not be parsed twice
		_ = json.Unmarshal(raw, &numbered) // Read reports JSON that is not valid
	}
	return max(numbered.Form, 1)
}
