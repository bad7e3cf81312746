package sidecar

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"stoa/pkg/common/forms"
)

// NotedLists are Lists that have a note each: a small value of the owner's choice, about what is on the list. It is in the head
// of the list, which Add reads and writes anyway, so a note costs no call. Add, Page and Compact leave it as it is.
type NotedLists[T, N any] struct{ *Lists[T] }

// NewNotedLists returns the lists of these documents, see NewLists.
func NewNotedLists[T, N any](documents *Documents[T], kind string) *NotedLists[T, N] {
	return &NotedLists[T, N]{NewLists(documents, kind)}
}

// Note reads the note of a list, the zero value if there is none.
func (l *NotedLists[T, N]) Note(ctx context.Context, list string) (note N, err error) {
	head, err := l.heads.Find(ctx, list)
	if err != nil {
		return note, err
	}
	return noteOf[N](head)
}

// AddNoting is Add, and changes the note of the list in the same write. The function runs even if the document is on the list
// already, and runs again if another write came first. If it fails, nothing is written, and AddNoting returns its error.
func (l *NotedLists[T, N]) AddNoting(ctx context.Context, list, id string, change func(note *N) error) error {
	var refused error // by change
	err := l.withHead(ctx, list, func(document Document[head], _ bool) error {
		h := document.Value
		if h.Note, refused = noted(document, change); refused != nil {
			return nil
		}
		return l.add(ctx, list, []string{id}, document, h)
	})
	if refused != nil {
		return refused
	}
	return err
}

// ChangeNote changes the note of a list, which may be empty, and adds nothing.
func (l *NotedLists[T, N]) ChangeNote(ctx context.Context, list string, change func(note *N) error) error {
	var refused error // by change
	err := l.withHead(ctx, list, func(document Document[head], _ bool) error {
		h := document.Value
		if h.Note, refused = noted(document, change); refused != nil || bytes.Equal(h.Note, document.Value.Note) {
			return nil
		}
		return l.heads.Swap(ctx, document, h)
	})
	if refused != nil {
		return refused
	}
	return err
}

// noted returns the changed note of a list: the very same bytes if change changes nothing.
func noted[N any](head Document[head], change func(note *N) error) (json.RawMessage, error) {
	note, err := noteOf[N](head)
	if err != nil {
		return nil, err
	}
	before, err := forms.Write(note)
	if err != nil {
		return nil, err
	}
	if err := change(&note); err != nil {
		return nil, err
	}
	after, err := forms.Write(note)
	if err != nil || bytes.Equal(before, after) {
		return head.Value.Note, err
	}
	return after, nil
}

func noteOf[N any](head Document[head]) (note N, err error) {
	if len(head.Value.Note) == 0 {
		return note, nil
	}
	if err := forms.Read(head.Value.Note, &note); err != nil {
		return note, fmt.Errorf("the note of the list %s cannot be read: %w", head.ID, err)
	}
	return note, nil
}
