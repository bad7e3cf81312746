package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
)

// A service stores two pages of orders, nothing of another kind, and one notice.
func TestDataRoute_hasOneKindAfterTheOther(t *testing.T) {
	s := webtest.New("Test", "", webtest.Callers{})
	down := false
	orders := func(_ context.Context, accountID, cursor string) ([]string, string, error) {
		return []string{accountID + cursor}, map[string]string{"": "2 of 2"}[cursor], nil
	}
	nothing := func(context.Context, string, string) ([]int, string, error) { return nil, "", nil }
	notices := func(context.Context, string, string) (all []string, next string, err error) {
		if down {
			err = errs.New(errs.Unavailable, "down")
		}
		return []string{"a notice"}, "", err
	}
	web.DataRoute(s.API, web.DataKindOf("order", orders), web.DataKindOf("digest", nothing), web.DataKindOf("notice", notices))

	const id = "0198c6a0-0000-7000-8000-000000000001"
	ask := func(cursor string) *webtest.Answer {
		return s.Do(t, webtest.Request{Path: "/accounts/" + id + "/data?cursor=" + url.QueryEscape(cursor)})
	}
	var got []string
	pages, last := 0, ""
	for cursor, more := "", true; more; more = cursor != "" {
		page := webtest.Read[struct {
			Pieces []struct{ Kind, Data string }
			Next   string
		}](ask(cursor), http.StatusOK)
		for _, piece := range page.Pieces {
			got = append(got, piece.Kind+" "+piece.Data)
		}
		last, cursor = cursor, page.Next
		pages++
	}
	if all := strings.Join(got, ", "); all != "order "+id+", order "+id+"2 of 2, notice a notice" || pages != 4 {
		t.Errorf("got %s on %d pages", all, pages)
	}
	down = true
	ask(last).ExpectProblem(http.StatusServiceUnavailable, errs.Unavailable, "")
}
