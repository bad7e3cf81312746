package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/web/webtest"
	"stoa/pkg/messaging"
	"stoa/services/notification/internal/domain"
)

// The mail server is down, so that events are stored, which name others.
func TestInternal_listsWhatIsStoredAboutAnAccount(t *testing.T) {
	o := newOffice(t)
	o.post.fails = down
	p := o.process()
	o.wants(t, "Eve", domain.Reviews, domain.Never)
	for _, e := range []messaging.Event{
		orderOf(t, "Eve", "confirmed"), rolesOf(t, "Eve", time.Now(), "EDITOR"), comment(t, person("Eve"), person("Bob")),
		announced(t, "One", "0.0", person("Eve"), person("Bob")),
	} {
		p.handle(t, e)
	}
	got, all := map[string]int{}, ""
	for cursor, more := "", true; more; more = cursor != "" {
		page := webtest.Read[struct {
			Pieces []struct {
				Kind string
				Data map[string]any
			}
			Next string
		}](p.Do(t, webtest.Request{
			Path: "/internal/accounts/" + person("Eve").ID + "/data?cursor=" + strings.ReplaceAll(cursor, " ", "%20"),
		}), http.StatusOK)
		for _, piece := range page.Pieces {
			got[piece.Kind]++
			all += fmt.Sprintln(piece.Data)
		}
		cursor = page.Next
	}
	for kind, want := range map[string]int{"mail-settings": 1, "digest": 1, "editor": 1, "notice": 3} {
		if got[kind] != want {
			t.Errorf("it has %d of %s, want %d", got[kind], kind, want)
		}
	}
	if !strings.Contains(all, person("Eve").Email) || strings.Contains(all, "Bob") || strings.Contains(all, person("Bob").Email) {
		t.Errorf("it has %s", all)
	}
}
