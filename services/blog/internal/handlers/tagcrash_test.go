package handlers_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"stoa/pkg/common/must"
)

// change is a request that begins a job.
type change struct {
	method, path string
	body         any
}

var changes = map[string]change{
	"rename": {"PUT", "/editor/tags/go", object{"name": "Golang", "description": "The language"}},
	"merge":  {"POST", "/editor/tags/go/merge", object{"into": "Sea"}},
	"delete": {"DELETE", "/editor/tags/go", nil},
}

// run sends the request of a change, and lets the schedule work on the job.
func (w *world) run(t *testing.T, c change) int {
	t.Helper()
	status := w.ask(t, "edith", c.method, c.path, c.body).Code
	w.rest(t)
	return status
}

// rest lets the schedule do what is left. It may fail.
func (w *world) rest(t *testing.T) {
	t.Helper()
	for range enough + 2 { // a job that its request has left waits for its turn
		w.now = w.now.Add(10 * time.Second)
		_, _ = w.review.CatchUp(t.Context()), w.tagging.CatchUp(t.Context())
	}
}

// tagged is all that anyone can see of tags.
func (w *world) tagged(t *testing.T, posts []string) string {
	t.Helper()
	lines := []string{"tags " + w.counts(t)}
	for _, tag := range []string{"go", "golang", "sea"} {
		answer := w.ask(t, "", "GET", "/list/tag/"+tag, nil)
		line := fmt.Sprint(tag, " ", answer.Code, answer.Header().Get("Location"))
		if answer.Code == http.StatusOK {
			line += fmt.Sprint(w.titles(t, "", "/list/tag/"+tag))
		}
		lines = append(lines, line)
	}
	for _, id := range posts {
		p := must.Get(w.stores.Posts.Get(t.Context(), id))(t)
		line := fmt.Sprint(p.Status(), " ", len(p.Tallies), len(p.Events))
		if p.Published != nil {
			line += fmt.Sprint(" published ", p.Published.Tags)
		}
		if p.Submitted != nil {
			line += fmt.Sprint(" submitted ", p.Submitted.Tags)
		}
		if p.Draft != nil {
			line += fmt.Sprint(" draft ", p.Draft.Tags)
		}
		lines = append(lines, line)
	}
	jobs, _, err := w.stores.Jobs.Unfinished(t.Context(), "", 10)
	must.Do(t, err)
	return strings.Join(append(lines, fmt.Sprint(len(jobs), " jobs to do")), "\n")
}

// tagWorld has posts of every status with tags.
func tagWorld(t *testing.T) (*world, []string) {
	t.Helper()
	w := newWorld(t)
	public := w.published(t, full("Public", "Go", "Sea"))
	w.do(t, "ada", "PATCH", "/author/id/"+public.ID, object{"text": "More.", "tags": []string{"Go"}})
	waiting, draft := w.submitted(t, full("Waiting", "Go")), w.created(t, "ada", full("Draft", "Sea", "Go"))
	return w, []string{public.ID, waiting.ID, draft.ID}
}

// The process may die before or after any step of a job. Then the schedule carries the job on, or it has never begun. The same
// request again makes it happen, once.
func TestTags_surviveEveryCrash(t *testing.T) {
	must.HaveTime(t)
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, posts := tagWorld(t)
			before := w.tagged(t, posts)
			if status := w.run(t, c); status != http.StatusAccepted {
				t.Fatalf("got %d", status)
			}
			after := w.tagged(t, posts)
			if after == before || !strings.HasSuffix(after, "\n0 jobs to do") {
				t.Fatalf("the job has not changed anything:\n%s", after)
			}
			for _, late := range []bool{false, true} {
				for n, more := 1, true; more; n++ {
					w, posts := tagWorld(t)
					died := w.die(n, late)
					accepted := w.run(t, c) == http.StatusAccepted
					more = died()
					w.live()
					w.rest(t)
					if got := w.tagged(t, posts); got != after && (accepted || got != before) {
						t.Fatalf("step %d, after it: %t: got\n%s\nwant\n%s", n, late, got, after)
					}
					if status := w.run(t, c); status != http.StatusAccepted && (name != "delete" || status != http.StatusNotFound) {
						t.Fatalf("step %d, after it: %t: again: got %d", n, late, status)
					}
					if got := w.tagged(t, posts); got != after {
						t.Fatalf("step %d, after it: %t: again: got\n%s\nwant\n%s", n, late, got, after)
					}
				}
			}
		})
	}
}

// Two processes carry all jobs on at the same time, while authors use the old tag and editors publish.
func TestTags_surviveAStorm(t *testing.T) {
	w := newWorld(t)
	tags := []string{"A1", "B1", "C1", "D1"}
	var posts []string
	for n := range 12 {
		posts = append(posts, w.published(t, full(fmt.Sprint("Post ", n), tags[n%4], tags[(n+1)%4])).ID)
	}
	w.storm(t, posts, tags)
	w.turns(t, enough)
	want := map[string]int{}
	for _, id := range posts {
		p := must.Get(w.stores.Posts.Get(t.Context(), id))(t)
		if p.Published == nil || len(p.Tallies) > 0 {
			t.Fatalf("got %+v", p)
		}
		for _, tag := range p.Published.Tags {
			want[tag]++
		}
	}
	var lines []string
	for tag, n := range want {
		lines = append(lines, fmt.Sprintf("%s:%d", tag, n))
		if got := w.titles(t, "", "/list/tag/"+tag); len(got) != n {
			t.Errorf("%d posts have the tag %s, and its list has %v", n, tag, got)
		}
	}
	slices.Sort(lines)
	w.expectCounts(t, strings.Join(lines, ", "))
	for _, former := range []string{"A1", "C1"} {
		if want[former] > 0 {
			t.Errorf("%d posts have still the tag %s", want[former], former)
		}
	}
}

// storm lets people and schedules work on these posts at once, while A1 is merged into B1, and C1 is renamed.
func (w *world) storm(t *testing.T, posts, tags []string) {
	t.Helper()
	w.begin(t, "POST", "/editor/tags/A1/merge", object{"into": "B1"})
	w.begin(t, "PUT", "/editor/tags/C1", object{"name": "E1"})
	var all sync.WaitGroup
	for person := range 4 {
		all.Go(func() {
			for act := range 15 {
				id := posts[rand.IntN(len(posts))]
				body := object{"text": fmt.Sprintf("Text %d of %d.", act, person), "tags": []string{tags[rand.IntN(4)], tags[rand.IntN(4)]}}
				w.ask(t, "ada", "PATCH", "/author/id/"+id, body)
				w.ask(t, "ada", "PUT", "/author/submit/id/"+id, nil)
				w.ask(t, "edith", "PUT", "/editor/publish/id/"+id, nil)
			}
		})
	}
	for range 2 {
		all.Go(func() {
			for range 10 {
				_, _ = w.review.CatchUp(t.Context()), w.tagging.CatchUp(t.Context())
			}
		})
	}
	all.Wait()
}
