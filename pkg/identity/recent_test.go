package identity

import "testing"

func TestRecent_forgetsWhatIsNotUsed(t *testing.T) {
	r := newRecent[int, string](10)
	r.put(-1, "in use")
	for i := range 1000 {
		r.put(i, "once")
		if value, known := r.get(-1); !known || value != "in use" {
			t.Fatalf("after %d others: got %q, %v", i, value, known)
		}
		if size := len(r.young) + len(r.old); size > 20 {
			t.Fatalf("it holds %d entries", size)
		}
	}
	if _, known := r.get(0); known {
		t.Error("the first of a thousand is still there")
	}
	if value, known := r.get(999); !known || value != "once" {
		t.Error("the last of them is not")
	}
}
