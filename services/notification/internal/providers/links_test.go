package providers

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/identity/signing"
	"stoa/services/notification/internal/domain"
)

func codeOf(t *testing.T, link string) string {
	t.Helper()
	return must.Get(url.Parse(link))(t).Query().Get("code")
}

// Links stay valid while keys rotate, also on a replica that has not read the new keys yet.
func TestLinks_outliveARotation(t *testing.T) {
	now := time.Now()
	first := signing.Fresh(now)
	second := must.Get(first.RotateAfter(now, signing.LinkTTL))(t)
	third := must.Get(second.RotateAfter(now.Add(time.Hour), signing.LinkTTL))(t)
	e := domain.Ending{AccountID: ids.New(), Group: domain.Comments}
	old := must.Get(NewLinks("https://stoa.example", first.String()))(t)
	made := codeOf(t, old.Make(e, now))
	text := third.String()
	links := must.Get(NewLinks("https://stoa.example", second.String()))(t)
	if got, err := old.Read(codeOf(t, links.Make(e, now)), now); err != nil || got != e {
		t.Errorf("a replica with the former keys: got %v, %v", got, err)
	}
	follow := links.Follow(func(context.Context) (string, error) { return text, nil }, zerolog.Nop())
	follow(t.Context())
	text = "nonsense"
	follow(t.Context())
	if got, err := links.Read(made, now); err != nil || got != e {
		t.Errorf("the first key: got %v, %v", got, err)
	}
	stranger := must.Get(NewLinks("https://stoa.example", signing.Fresh(now).String()))(t)
	if _, err := links.Read(codeOf(t, stranger.Make(e, now)), now); !errs.Is(err, errs.Forbidden) {
		t.Errorf("the key of a stranger: got %v", err)
	}
	later := now.Add(signing.LinkTTL + 2*time.Hour)
	if last := must.Get(third.RotateAfter(later, signing.LinkTTL))(t); len(last) != 3 {
		t.Errorf("%d keys are left", len(last))
	}
}

func TestLinks_areForMailsThatSomebodyCanEnd(t *testing.T) {
	links := must.Get(NewLinks("https://stoa.example/", signing.Fresh(time.Now()).String()))(t)
	for _, e := range []domain.Ending{{AccountID: ids.New()}, {AccountID: "x", Group: domain.Comments}, {AccountID: ids.New(), Group: "orders"}} {
		if link := links.Make(e, time.Now()); link != "" {
			t.Errorf("%+v: got %s", e, link)
		}
	}
}
