package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"stoa/api/events"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
)

// Somebody may have signed up with the address of a stranger, who gets no mails of the blog. Once the address is verified, its
// owner does.
func TestComments_areMailedToVerifiedAddresses(t *testing.T) {
	const address = "rita@example.net"
	w := newWorld(t)
	p, now := w.published(t, full("A title")), time.Now().UTC()
	deliver := func(eventType string, verified bool, at time.Time) {
		t.Helper()
		data := map[string]any{"id": callers["rita"].ID, "email": address, "name": "Rita", "at": at, "verified": verified}
		must.Do(t, events.Check(eventType, data))
		must.Do(t, w.on[eventType](t.Context(), must.Get(messaging.New(eventType, callers["rita"].ID, data))(t)))
	}
	mailed := func(want string) {
		t.Helper()
		all := w.bus.Events()
		var event struct {
			Recipients []struct{ Name, Email string }
		}
		must.Do(t, json.Unmarshal(all[len(all)-1].Data, &event))
		got := ""
		for _, r := range event.Recipients {
			if r.Name == "Rita" {
				got += r.Email
			}
		}
		if len(event.Recipients) != 2 || got != want {
			t.Errorf("got %+v, want %q", event.Recipients, want)
		}
	}
	c := w.commented(t, "rita", p.ID, "Buy this", "")
	w.commented(t, "ben", p.ID, "No", c.ID)
	mailed("") // as her session says
	deliver("account.registered.v1", false, now)
	w.commented(t, "ben", p.ID, "No, thanks", c.ID)
	mailed("")
	deliver("account.verified.v1", true, now.Add(time.Minute))
	w.commented(t, "ben", p.ID, "Yes", c.ID)
	mailed(address)
}

// Ten a minute, as comments are: a report costs an editor time.
func TestReports_areTenAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.published(t, full("A title"))
		var all []string
		for n := range 11 {
			who := []string{"rita", "ada"}[n%2] // nobody may write as many
			all = append(all, w.commented(t, who, p.ID, fmt.Sprint("Comment ", n), "").ID)
		}
		report := func(id string) int {
			return w.ask(t, "ben", "POST", "/comments/"+id+"/report", object{"reason": "Spam."}).Code
		}
		for n, id := range all {
			if got, want := report(id), []int{http.StatusNoContent, http.StatusTooManyRequests}[n/10]; got != want {
				t.Errorf("report %d: got %d, want %d", n, got, want)
			}
		}
		if got := report(all[0]); got != http.StatusNoContent {
			t.Errorf("a repeated report: got %d", got)
		}
		time.Sleep(time.Minute)
		if got := report(all[10]); got != http.StatusNoContent {
			t.Errorf("a minute later: got %d", got)
		}
	})
}

// Whatever everyone reads may be kept for a second, and what only its author or an editor reads by nobody.
func TestReading_isCachedOnlyWhereEveryoneReadsTheSame(t *testing.T) {
	w := newWorld(t)
	p := w.published(t, full("A title"))
	for path, who := range map[string]string{
		"/id/" + p.ID: "", "/slug/a-title": "", "/list/latest": "", "/list/tag/go": "", "/list/author/" + p.Author.ID: "",
		"/list/month/" + p.Published.At.Format("2006-01"): "", "/list/similar/id/" + p.ID: "", "/tags": "", "/id/" + p.ID + "/comments": "",
		"/author/id/" + p.ID: "ada", "/author/drafts": "ada", "/author/submitted": "ada", "/author/published": "ada",
		"/author/id/" + p.ID + "/revisions": "ada", "/author/id/" + p.ID + "/revisions/1": "ada",
		"/editor/id/" + p.ID: "edith", "/editor/submitted": "edith", "/editor/published": "edith", "/editor/reports": "edith",
	} {
		kept := w.ask(t, who, "GET", path, nil).Expect(http.StatusOK).Header().Get("Cache-Control")
		if who == "" && kept != "public, max-age=1" || who != "" && kept != "" && kept != "no-store" {
			t.Errorf("%s for %q: got %q", path, who, kept)
		}
	}
}
