package handlers_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
)

// remarkable is a post with a thread: Rita's comment, the replies of Ben and Ada, and a comment without replies.
type remarkable struct {
	*world
	post, root, reply, other, alone string
}

func newRemarkable(t *testing.T) remarkable {
	t.Helper()
	w := newWorld(t)
	p := w.published(t, full("A title"))
	root := w.commented(t, "rita", p.ID, "A text", "").ID
	return remarkable{
		w, p.ID, root, w.commented(t, "ben", p.ID, "A reply", root).ID, w.commented(t, "ada", p.ID, "Another reply", root).ID,
		w.commented(t, "rita", p.ID, "Alone", "").ID,
	}
}

var commenting = map[string]struct {
	before, send func(*testing.T, remarkable) *webtest.Answer
}{
	"add": {nil, func(t *testing.T, r remarkable) *webtest.Answer { return r.write(t, "ben", "k", r.post, "New", "") }},
	"reply": {nil, func(t *testing.T, r remarkable) *webtest.Answer {
		return r.write(t, "rita", "k", r.post, "New", r.reply)
	}},
	"edit": {nil, func(t *testing.T, r remarkable) *webtest.Answer {
		return r.ask(t, "rita", "PATCH", "/comments/"+r.root, object{"text": "Edited"})
	}},
	"delete": {nil, func(t *testing.T, r remarkable) *webtest.Answer {
		return r.ask(t, "rita", "DELETE", "/comments/"+r.alone, nil)
	}},
	"delete the first": {nil, func(t *testing.T, r remarkable) *webtest.Answer {
		return r.ask(t, "rita", "DELETE", "/comments/"+r.root, nil)
	}},
	"delete a reply": {nil, func(t *testing.T, r remarkable) *webtest.Answer {
		return r.ask(t, "ben", "DELETE", "/comments/"+r.reply, nil)
	}},
	"report": {nil, func(t *testing.T, r remarkable) *webtest.Answer {
		return r.ask(t, "ben", "POST", "/comments/"+r.alone+"/report", object{"reason": "Spam."})
	}},
	"hide": {nil, func(t *testing.T, r remarkable) *webtest.Answer {
		return r.moderate(t, "edith", r.reply, "hidden", "Wait.")
	}},
	"remove": {func(t *testing.T, r remarkable) *webtest.Answer {
		return r.ask(t, "ben", "POST", "/comments/"+r.root+"/report", object{"reason": "Spam."})
	}, func(t *testing.T, r remarkable) *webtest.Answer {
		return r.moderate(t, "edith", r.root, "removed", "Spam.")
	}},
	"show again": {
		func(t *testing.T, r remarkable) *webtest.Answer {
			return r.moderate(t, "edith", r.reply, "removed", "Spam.")
		},
		func(t *testing.T, r remarkable) *webtest.Answer {
			return r.moderate(t, "emil", r.reply, "visible", "Fine.")
		},
	},
	"dismiss": {func(t *testing.T, r remarkable) *webtest.Answer {
		return r.ask(t, "ben", "POST", "/comments/"+r.root+"/report", object{"reason": "Spam."})
	}, func(t *testing.T, r remarkable) *webtest.Answer {
		return r.moderate(t, "edith", r.root, "visible", "Fine.")
	}},
}

// talkView is all that anyone can see of the comments, and what was published about them, once the schedule has run.
func (r remarkable) talkView(t *testing.T) string {
	t.Helper()
	must.Do(t, r.talk.CatchUp(t.Context()))
	var b strings.Builder
	fmt.Fprintln(&b, r.thread(t, r.post, ""), r.thread(t, r.post, r.root), r.do(t, "", "GET", "/id/"+r.post, nil).Comments)
	for _, state := range []string{"open", "decided"} {
		for _, c := range r.commentsAt(t, "edith", "/editor/reports?state="+state) {
			fmt.Fprintln(&b, state, c.State, c.Text, len(c.Reports), c.History)
		}
	}
	told := map[string]bool{}
	for _, e := range r.bus.Events() {
		var event struct {
			Excerpt    string
			Recipients []struct{ Name string }
		}
		must.Do(t, json.Unmarshal(e.Data, &event))
		told[fmt.Sprint(e.Type, e.ID, event)] = true
	}
	fmt.Fprintln(&b, len(told))
	return b.String()
}

func TestComments_surviveEveryCrash(t *testing.T) {
	must.HaveTime(t)
	for name, o := range commenting {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			surviveEveryCrash(t, func() scene {
				r := newRemarkable(t)
				if o.before != nil && o.before(t, r).Code >= 300 {
					t.Fatal("it does not begin")
				}
				return scene{r.world, func() *webtest.Answer { return o.send(t, r) }, func() string { return r.talkView(t) }}
			})
		})
	}
}

// A post may be unpublished or deleted while somebody comments: the comment is there or not, with the post, and counted.
func TestComments_surviveTheEndOfTheirPost(t *testing.T) {
	for range 20 {
		w := newWorld(t)
		p := w.published(t, full("A title"))
		codes := webtest.Together(2, func(i int) int {
			if i == 0 {
				return w.write(t, "rita", "k", p.ID, "A text", "").Code
			}
			return w.ask(t, "edith", "PUT", "/editor/unpublish/id/"+p.ID, nil).Code
		})
		if !slices.Contains([]int{201, 404}, codes[0]) || codes[1] != 200 {
			t.Fatalf("got %v", codes)
		}
		must.Do(t, w.talk.CatchUp(t.Context()))
		w.do(t, "ada", "PUT", "/author/submit/id/"+p.ID, nil)
		w.do(t, "edith", "PUT", "/editor/publish/id/"+p.ID, nil)
		w.expectCount(t, p.ID, len(w.thread(t, p.ID, "")))
		if there := len(w.thread(t, p.ID, "")) == 1; there != (codes[0] == 201) {
			t.Fatalf("got %d, and it is there: %t", codes[0], there)
		}
	}
}
