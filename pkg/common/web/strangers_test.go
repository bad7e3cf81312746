package web_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
)

// Each stranger's word that a log line shows is cut, so that no request writes much of it.
func TestWrap_logsLittleOfWhatStrangersSend(t *testing.T) {
	long := strings.Repeat("x", 15_000)
	for name, tt := range map[string]struct {
		method, path string
		body         io.Reader
	}{
		"path":         {http.MethodGet, "/" + long, nil},
		"method":       {long, "/things", nil},
		"field's name": {http.MethodPost, "/things", strings.NewReader(`{"name": "a", "count": 1, "` + long + `": 1}`)},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			ask(newServer(&log, nil), tt.method, tt.path, tt.body)
			if log.Len() > 1000 || !strings.Contains(log.String(), "xxx... (") {
				t.Errorf("%d bytes: %.2000s", log.Len(), &log)
			}
		})
	}
}

func TestWrapPublic_beginsATraceOfItsOwn(t *testing.T) {
	const theirs = "0af7651916cd43dd8448eb211c80319c"
	router := web.NewRouter()
	for continues, handler := range map[bool]http.Handler{
		false: web.WrapPublic(router, zerolog.Nop()), true: web.Wrap(router, zerolog.Nop()),
	} {
		answer := ask(handler, http.MethodGet, "/nowhere", nil, "Traceparent", "00-"+theirs+"-b7ad6b7169203331-01")
		var problem web.Problem
		must.Do(t, json.Unmarshal(answer.Body.Bytes(), &problem))
		if problem.TraceID == "" || (problem.TraceID == theirs) != continues {
			t.Errorf("got the trace %q of a caller with %q", problem.TraceID, theirs)
		}
	}
}
