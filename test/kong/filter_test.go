package kong

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
)

func TestFilter_takesOnlyTheAnswerOfAnApp(t *testing.T) {
	filter := must.Get(ReadFilter())(t)
	for name, tt := range map[string]struct {
		status     int
		mark, body string
		source     string
		want       int
		kind       string // "" when the body passes
	}{
		"answer":                    {200, "2", "{}", "service", 200, ""},
		"stream":                    {200, "*", "data: 1", "service", 200, ""},
		"no content":                {204, "0", "", "service", 204, ""},
		"problem":                   {409, "2", "{}", "service", 409, ""},
		"made up":                   {200, "", "", "service", 503, "unavailable"},
		"made up with a body":       {200, "", `{"id": "1"}`, "service", 503, "unavailable"},
		"made up, no content":       {204, "", "", "service", 503, "unavailable"},
		"made up, not modified":     {304, "", "", "service", 503, "unavailable"},
		"app down":                  {500, "", "refused, 10.0.0.1", "service", 503, "unavailable"},
		"not found by the sidecar":  {404, "", "no", "service", 503, "unavailable"},
		"refused by access control": {403, "", "no", "service", 403, "forbidden"},
		"headers are too large":     {431, "", "no", "service", 400, "malformed"},
		"a mark in words":           {200, "two", "{}", "service", 503, "unavailable"},
		"a plugin's or the cache's": {200, "", "{}", "exit", 200, ""},
		"nginx cannot reach it":     {502, "", "{}", "error", 502, ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer := &http.Response{
				StatusCode: tt.status, Header: http.Header{"Content-Length": {"1"}}, Body: io.NopCloser(strings.NewReader(tt.body)),
			}
			if tt.mark != "" {
				answer.Header.Set(web.AnswerHeader, tt.mark)
			}
			must.Do(t, filter.Run(answer, tt.source))
			body := must.Get(io.ReadAll(answer.Body))(t)
			var problem web.Problem
			_ = json.Unmarshal(body, &problem) // what is not one has no kind
			if answer.StatusCode != tt.want || string(problem.Kind) != tt.kind || tt.kind == "" && string(body) != tt.body {
				t.Errorf("got %d %s, want %d %s", answer.StatusCode, body, tt.want, tt.kind)
			}
			if tt.kind != "" && (problem.Status != tt.want || answer.Header.Get("Content-Type") != web.ProblemType) {
				t.Errorf("got %v %s", answer.Header, body)
			}
			if retry := answer.Header.Get("Retry-After"); (retry != "") != (tt.kind == "unavailable") {
				t.Errorf("Retry-After: got %q", retry)
			}
			if answer.Header.Get(web.AnswerHeader) != "" {
				t.Error("clients see the mark")
			}
		})
	}
}
