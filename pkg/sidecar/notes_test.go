package sidecar_test

import (
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/sidecar"
	"stoa/pkg/sidecar/sidecartest"
)

// saves returns how many keys are written until do returns.
func (s shelf) saves(do func()) (keys int) {
	s.states.Before = func(operation, _ string) error {
		if operation == "save" {
			keys++
		}
		return nil
	}
	defer func() { s.states.Before = nil }()
	do()
	return keys
}

func TestNotes_areWrittenWithTheEntry(t *testing.T) {
	s := newShelf(t, 0, 0)
	s.expectNoted(t, 0, 0)
	for n, saves := range []int{1, 1, 1} {
		if got := s.saves(func() { must.Do(t, s.addNoting(t, n)) }); got != saves {
			t.Errorf("the entry %d: %d writes, want %d", n, got, saves)
		}
	}
	if got := s.saves(func() { must.Do(t, s.addNoting(t, 1)) }); got != 0 {
		t.Errorf("an entry that is there, with the same note: %d writes", got)
	}
	must.Do(t, s.lists.Add(t.Context(), "all", "3"))
	s.expectNoted(t, 0, 3)
	must.Do(t, s.addNoting(t, 3)) // it is on the list, and is noted now
	s.expectNoted(t, 0, 4)
	for n := range 4 {
		s.create(t, n)
	}
	if got, _ := s.read(t, 100, nil); len(got) != 4 {
		t.Errorf("got %v, want four entries", got)
	}
}

func TestNotes_areNotWrittenWhenTheChangeFails(t *testing.T) {
	s := newShelf(t, 0, 0)
	for _, want := range []error{errors.New("no room"), errs.New(errs.Conflict, "no room")} {
		runs := 0
		got := s.lists.AddNoting(t.Context(), "all", "0", func(note *map[string]int) error {
			runs++
			*note = map[string]int{"0": 0}
			return want
		})
		if !errors.Is(got, want) || runs != 1 {
			t.Errorf("got %v after %d runs, want %v after one", got, runs, want)
		}
	}
	if keys := s.states.Keys("store", ""); len(keys) != 0 {
		t.Errorf("stored: %v", keys)
	}
}

func TestNotes_surviveFullHeadsAndCompaction(t *testing.T) {
	must.HaveTime(t)
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(t, 0, 0)
		for n := range 450 {
			must.Do(t, s.addNoting(t, n))
			s.create(t, n)
		}
		s.compact(t, func(c counter) bool { return c.N%7 == 0 })
		s.compact(t, every)
		s.expectNoted(t, 0, 450)
	})
}

// A writer dies before or after each call, and its handler runs again; another writer and a compaction come in between.
func TestNotes_countOnceAfterACrashAtEveryStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for step, died := 0, true; died; step++ {
			s := newShelf(t, full, 100) // the head is full
			must.Do(t, s.lists.Compact(t.Context(), "all", every))
			time.Sleep(2 * time.Minute)
			points := 0
			s.states.Before = func(string, string) error {
				if points++; points > step {
					return status.Error(codes.Unavailable, "killed")
				}
				return nil
			}
			s.states.After = s.states.Before
			died = s.addNoting(t, full) != nil
			s.states.Before, s.states.After = nil, nil
			must.Do(t, s.addNoting(t, full+1))
			must.Do(t, s.lists.Compact(t.Context(), "all", every))
			must.Do(t, s.addNoting(t, full))
			s.expectNoted(t, full, 2)
			s.create(t, full)
			s.create(t, full+1)
			if got, _ := s.read(t, 100, nil); len(got) != full+2 {
				t.Errorf("killed after step %s: %d entries", strconv.Itoa(step), len(got))
			}
		}
	})
}

// A note of a list without entries, and one that changes while an entry is added: neither loses the other.
func TestNotes_changeWithoutAnEntry(t *testing.T) {
	s := newShelf(t, 0, 0)
	left := func() error {
		return s.lists.ChangeNote(t.Context(), "all", func(note *map[string]int) error {
			*note = map[string]int{"left": 1}
			return nil
		})
	}
	for _, want := range []int{1, 0} {
		if got := s.saves(func() { must.Do(t, left()) }); got != want {
			t.Errorf("%d writes, want %d", got, want)
		}
	}
	s = newShelf(t, 0, 0)
	changed := false
	s.states.Before = func(operation, _ string) error {
		if operation == "save" && !changed {
			changed = true
			return left()
		}
		return nil
	}
	var seen []int
	must.Do(t, s.lists.AddNoting(t.Context(), "all", "0", func(note *map[string]int) error {
		seen = append(seen, (*note)["left"])
		return nil
	}))
	if len(seen) != 2 || seen[0] != 0 || seen[1] != 1 {
		t.Errorf("the entry was added with the notes %v, want to see the change after the conflict", seen)
	}
	if note := must.Get(s.lists.Note(t.Context(), "all"))(t); note["left"] != 1 {
		t.Errorf("the note is %v", note)
	}
}

// A note is part of the head of its list, and has a form of its own.
func TestNotes_haveForms(t *testing.T) {
	_, side := sidecartest.New()
	documents := sidecar.NewDocuments[counter](side, "store", "counter")
	earlier := sidecar.NewNotedLists[counter, first](documents, "counters")
	must.Do(t, earlier.AddNoting(t.Context(), "all", "a", func(n *first) error { n.Number = "7"; return nil }))
	now := sidecar.NewNotedLists[counter, grown](documents, "counters")
	must.Do(t, now.ChangeNote(t.Context(), "all", func(n *grown) error { n.N++; return nil }))
	if note, err := now.Note(t.Context(), "all"); err != nil || note.N != 8 {
		t.Errorf("got %+v, %v", note, err)
	}
	err := earlier.ChangeNote(t.Context(), "all", func(n *first) error { n.Number = "0"; return nil })
	if !errs.Is(err, errs.Unavailable) {
		t.Errorf("an earlier build changes a note of a later form: %v", err)
	}
}
