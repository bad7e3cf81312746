// Package errs has the one error type of the project: a Kind, which is the same word in every service, a Message for the
// caller, and a cause for the log only.
package errs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind classifies an error. Its text is part of the public API: it is the `kind` of a problem document.
type Kind string

// The kinds. status.go has their HTTP statuses, and pkg/common/rpc their gRPC codes.
const (
	// Invalid: the input breaks a rule. Fields say where.
	Invalid Kind = "invalid"
	// Malformed: the request cannot be read at all: broken JSON, bad UTF-8, an unreadable header.
	Malformed Kind = "malformed"
	// Unauthenticated: no credential, or one that is not valid.
	Unauthenticated Kind = "unauthenticated"
	// Forbidden: the caller is known and may not do this.
	Forbidden Kind = "forbidden"
	// Unverified: the caller may do this once the e-mail address of the account is verified.
	Unverified Kind = "address_not_verified"
	// NotFound: it does not exist, or this caller may not know that it does.
	NotFound Kind = "not_found"
	// MethodNotAllowed: the path exists, but not with this method.
	MethodNotAllowed Kind = "method_not_allowed"
	// Conflict: it exists already, or its state does not allow the change.
	Conflict Kind = "conflict"
	// Outdated: the caller read an earlier version of what is to be changed (If-Match).
	Outdated Kind = "outdated"
	// KeyReused: an Idempotency-Key came again with another request body.
	KeyReused Kind = "idempotency_key_reused"
	// TooLarge: the request body is over the limit.
	TooLarge Kind = "too_large"
	// UnsupportedMedia: the media type of the request body is not supported.
	UnsupportedMedia Kind = "unsupported_media_type"
	// RateLimited: too many requests; try again later.
	RateLimited Kind = "rate_limited"
	// Unavailable: a dependency is down or slow. It recovers by itself, so the caller should try again.
	Unavailable Kind = "unavailable"
	// Internal: a defect of ours. Callers do not see its message.
	Internal Kind = "internal"
)

// Field names one place in the input that breaks a rule.
type Field struct {
	// Name is the path to the value, as the caller wrote it, such as "items[1].quantity".
	Name string `json:"field"`
	// Problem says what is wrong with it, in words for the caller.
	Problem string `json:"problem"`
}

// Error is a classified error. Make one with New, Wrap, InvalidField or InvalidFields.
type Error struct {
	Kind Kind
	// Message is for the caller. It reveals nothing internal.
	Message string
	// Fields name the input at fault, for Invalid and Malformed.
	Fields []Field
	// RetryAfter is how long the caller should wait before trying again; 0 means the default.
	RetryAfter time.Duration
	// Cause is for the log, never for the caller.
	Cause error
}

// New returns an error of this kind with a message for the caller.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns an error of this kind with a message for the caller and a cause for the log. It takes RetryAfter from the
// cause.
func Wrap(kind Kind, cause error, format string, args ...any) *Error {
	e := &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Cause: cause}
	if inner, ok := errors.AsType[*Error](cause); ok {
		e.RetryAfter = inner.RetryAfter
	}
	return e
}

// InvalidField returns an Invalid error about one place in the input.
func InvalidField(name, format string, args ...any) error {
	return InvalidFields(Field{Name: name, Problem: fmt.Sprintf(format, args...)})
}

// InvalidFields returns an Invalid error about several places in the input, or nil for none, so that a check can return
// what it has collected.
func InvalidFields(fields ...Field) error {
	if len(fields) == 0 {
		return nil
	}
	words := make([]string, len(fields))
	for i, f := range fields {
		words[i] = f.Name + " " + f.Problem
	}
	return &Error{Kind: Invalid, Message: strings.Join(words, "; "), Fields: fields}
}

// Error is the text for the log: message and cause.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// From returns err as an *Error. A context that ended is Unavailable: the caller gave up or a dependency was too slow, and
// trying again may help. Any other foreign error is Internal.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return Wrap(Unavailable, err, "the request took too long")
	}
	return Wrap(Internal, err, "something went wrong on our side")
}

// KindOf returns the kind of err; nil has none.
func KindOf(err error) Kind {
	if e := From(err); e != nil {
		return e.Kind
	}
	return ""
}

// Is reports whether err is of this kind.
func Is(err error, kind Kind) bool { return KindOf(err) == kind }
