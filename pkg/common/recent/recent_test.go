package recent

import "testing"

func TestMemory_forgetsWhatIsNotUsed(t *testing.T) {
	r := New[int, string](10)
	r.Put(-1, "in use")
	for i := range 1000 {
		r.Put(i, "once")
		if value, known := r.Get(-1); !known || value != "in use" {
			t.Fatalf("after %d others: got %q, %v", i, value, known)
		}
		if size := len(r.young) + len(r.old); size > 20 {
			t.Fatalf("the cache has %d entries", size)
		}
	}
	if _, known := r.Get(0); known {
		t.Error("the first of a thousand is still there")
	}
	if value, known := r.Get(999); !known || value != "once" {
		t.Error("the last of them is not")
	}
	r.Forget(999)
	if _, known := r.Get(999); known {
		t.Error("a forgotten entry is still there")
	}
}
