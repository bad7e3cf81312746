package view

import (
	"cmp"
	"net/url"
	"slices"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
)

// keyField is the hidden field with the key of a form.
const keyField = "key"

// Form is what a person has typed, and what is wrong with it.
type Form struct {
	Values url.Values
	// Again says that the person has signed in again: the form is shown as it was typed, and not carried out.
	Again bool
	// Problem is why it was not carried out.
	Problem *Problem

	fields []string // those that the page shows
}

// Problem is why a form was not carried out.
type Problem struct {
	Kind    errs.Kind
	Message string
	Wait    int // seconds
	Fields  []errs.Field
}

// NewForm returns a form with these values, for the fields that its page shows.
func NewForm(values url.Values, fields ...string) *Form {
	if values == nil {
		values = url.Values{}
	}
	return &Form{Values: values, fields: fields}
}

// Get returns the value of a field.
func (f *Form) Get(name string) string { return f.Values.Get(name) }

// Key is the idempotency key of the form: it stays the same when the form is sent twice, shown again, or sent after another sign-in.
func (f *Form) Key() string {
	if !ids.Valid(f.Get(keyField)) {
		f.Values.Set(keyField, ids.New())
	}
	return f.Get(keyField)
}

// Take notes why the form was not carried out, and reports whether its page can say so. Other errors have pages of their own.
func (f *Form) Take(err error) bool {
	e := errs.From(err)
	if e == nil || slices.Contains([]errs.Kind{errs.Unauthenticated, errs.NotFound, errs.Internal, errs.MethodNotAllowed}, e.Kind) {
		return false
	}
	wait := int(cmp.Or(e.RetryAfter, time.Second) / time.Second)
	f.Problem = &Problem{Kind: e.Kind, Message: e.Message, Wait: max(wait, 1), Fields: e.Fields}
	return true
}

// Refuse notes what is wrong with a field.
func (f *Form) Refuse(name, problem string) {
	if f.Problem == nil {
		f.Problem = &Problem{Kind: errs.Invalid}
	}
	f.Problem.Fields = append(f.Problem.Fields, errs.Field{Name: name, Problem: problem})
}

// Wrong returns what is wrong with a field, "" for nothing.
func (f *Form) Wrong(name string) string {
	if f.Problem == nil {
		return ""
	}
	for _, field := range f.Problem.Fields {
		if field.Name == name {
			return field.Problem
		}
	}
	return ""
}

// Elsewhere reports whether something is wrong that stands beside none of the fields.
func (f *Form) Elsewhere() bool {
	if f.Problem == nil {
		return false
	}
	shown := func(field errs.Field) bool { return slices.Contains(f.fields, field.Name) }
	return !slices.ContainsFunc(f.Problem.Fields, shown)
}

// Field is a field of a form, for the part "field".
type Field struct {
	Page
	Form *Form
	Name string

	attributes map[string]string
}

// Field returns a field with attributes, as names and values: type, label (the key of a text), hint (the same), autocomplete, maxlength,
// minlength, rows, required, autofocus and inputmode.
func (p Page) Field(form *Form, name string, attributes ...string) Field {
	f := Field{Page: p, Form: form, Name: name, attributes: map[string]string{}}
	for i := 0; i+1 < len(attributes); i += 2 {
		f.attributes[attributes[i]] = attributes[i+1]
	}
	return f
}

// Attribute returns the value of an attribute, "" if it has none.
func (f Field) Attribute(name string) string { return f.attributes[name] }

// Value is what was typed. Passwords are not shown again.
func (f Field) Value() string {
	if f.attributes["type"] == "password" {
		return ""
	}
	return f.Form.Get(f.Name)
}

// Wrong is what is wrong with it, "" for nothing.
func (f Field) Wrong() string { return f.Form.Wrong(f.Name) }
