package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/web/webtest"
)

// Characters that JSON escapes make an answer six times as large: it must fit into one call between services.
func TestInternal_answersWithLongTextsAreSmallEnough(t *testing.T) {
	w := newWorld(t)
	for i := range 6 {
		draft := full(fmt.Sprintf("Draft %d", i))
		draft["text"] = strings.Repeat("<", 40_000)
		w.created(t, "ada", draft)
	}
	answer := w.Do(t, webtest.Request{Path: "/internal/accounts/" + callers["ada"].ID + "/data?cursor=draft%20"})
	if size := answer.Expect(http.StatusOK).Body.Len(); size < 240_000 || size > 1<<20 {
		t.Errorf("an answer has %d bytes", size)
	}
}

func TestInternal_listsWhatIsStoredAboutAnAccount(t *testing.T) {
	w := newWorld(t)
	ada := callers["ada"].ID
	p := w.published(t, full("Published"))
	w.created(t, "ada", full("Draft"))
	w.submitted(t, full("Submitted"))
	w.commented(t, "ada", p.ID, "Mine", "")
	others := w.commented(t, "ben", p.ID, "Not hers", "")
	for _, who := range []string{"ada", "rita"} {
		w.ask(t, who, "POST", "/comments/"+others.ID+"/report", object{"reason": "Reported by " + who}).Expect(http.StatusNoContent)
	}
	w.ask(t, "ada", "PUT", "/following/authors/"+callers["ben"].ID, nil).Expect(http.StatusOK)
	got, all := map[string]int{}, ""
	for cursor, more := "", true; more; more = cursor != "" {
		page := webtest.Read[struct {
			Pieces []struct {
				Kind string
				Data map[string]any
			}
			Next string
		}](w.Do(t, webtest.Request{Path: "/internal/accounts/" + ada + "/data?cursor=" + strings.ReplaceAll(cursor, " ", "%20")}), http.StatusOK)
		for _, piece := range page.Pieces {
			got[piece.Kind]++
			all += fmt.Sprintln(piece.Data)
		}
		cursor = page.Next
	}
	for _, kind := range []string{"author", "follow", "draft", "submission", "published-post", "comment", "report"} {
		if got[kind] != 1 {
			t.Errorf("it has %d of %s", got[kind], kind)
		}
	}
	for text, want := range map[string]bool{"Mine": true, "Reported by ada": true, "Not hers": false, "Reported by rita": false, "Ben": false} {
		if strings.Contains(all, text) != want {
			t.Errorf("it has %q: %t", text, !want)
		}
	}
}
