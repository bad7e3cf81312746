package ids_test

import (
	"testing"
	"time"

	"stoa/pkg/common/ids"
)

func TestDerive(t *testing.T) {
	first, again := ids.Derive("a", "bc"), ids.Derive("a", "bc")
	if first != again {
		t.Error("the same parts must give the same id")
	}
	if first == ids.Derive("ab", "c") {
		t.Error("parts must be kept apart")
	}
}

func TestForRequest(t *testing.T) {
	id := ids.ForRequest("order", "ada", "k-1")
	if id != ids.ForRequest("order", "ada", "k-1") {
		t.Error("the same request must find the same id")
	}
	for _, other := range []string{
		ids.ForRequest("order", "ada", "k-2"), ids.ForRequest("order", "bob", "k-1"), ids.ForRequest("product", "ada", "k-1"),
	} {
		if other == id {
			t.Error("another key, caller or kind must give another id")
		}
	}
	if first := ids.ForRequest("order", "ada", ""); first == ids.ForRequest("order", "ada", "") {
		t.Error("without a key every request must get a new id")
	}
}

func TestFingerprint(t *testing.T) {
	type request struct{ Name string }
	a := ids.Fingerprint(request{"a"})
	if a != ids.Fingerprint(request{"a"}) {
		t.Error("the same request must have the same fingerprint")
	}
	if a == ids.Fingerprint(request{"b"}) {
		t.Error("another request must have another fingerprint")
	}
}

func TestNew_sortsByTime(t *testing.T) {
	previous := ids.New()
	for range 1000 {
		next := ids.New()
		if next <= previous {
			t.Fatalf("%s came after %s", next, previous)
		}
		previous = next
	}
}

func TestMade(t *testing.T) {
	before := time.Now().Truncate(time.Millisecond)
	if made := ids.Made(ids.New()); made.Before(before) || made.After(time.Now().Add(time.Millisecond)) {
		t.Errorf("it was made at %s, says the id; it was after %s", made, before)
	}
	for _, id := range []string{"", "x", ids.Derive("a")} {
		if made := ids.Made(id); !made.IsZero() {
			t.Errorf("%q was made at %s", id, made)
		}
	}
}

func TestValid(t *testing.T) {
	for s, want := range map[string]bool{
		ids.New():                                true,
		"6F1C1A52-5D0F-4D43-9D0C-2B1F0F5F7A11":   false,
		"{6f1c1a52-5d0f-4d43-9d0c-2b1f0f5f7a11}": false,
		"../../etc/passwd":                       false,
		"":                                       false,
	} {
		if got := ids.Valid(s); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	}
}
