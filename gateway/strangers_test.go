package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"stoa/gateway/declaration"
	"stoa/gateway/kong"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web"
)

// limitedTo is the table that is shipped, in which an address may send this many requests in an hour.
func limitedTo(most int) string {
	return strings.Replace(string(kong.Table()), "{minute: 6000, limit_by: ip", fmt.Sprintf("{hour: %d, limit_by: ip", most), 1)
}

func TestRateLimit_countsWhateverBecomesOfARequest(t *testing.T) {
	t.Parallel()
	for name, request := range map[string][]string{
		"unknown path":     {"GET /nowhere", "", ""},
		"unknown method":   {"TRACE /api/v1/orders", "", ""},
		"refused path":     {"GET /api/v1/orders/%00", "", ""},
		"refused query":    {"GET /api/v1/orders?limit=%zz", "", ""},
		"refused headers":  {"GET /api/v1/orders", "Authorization: a", "Authorization: b", "", ""},
		"question":         {"OPTIONS /api/v1/orders", "", ""},
		"preflight":        {"OPTIONS /api/v1/orders", "Origin: https://a.example", "Access-Control-Request-Method: GET", "", ""},
		"body too large":   {"POST /api/v1/orders", "Content-Length: 300000", "", strings.Repeat("x", 300_000)},
		"key that is none": {"GET /api/v1/orders", "X-Api-Key: invented", "", ""},
		"page":             {"GET /docs", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gateway := rig{routes: limitedTo(1)}.start(t, unused(t))
			if first := send(t, gateway, request[0], request[1:]...); first.StatusCode == http.StatusTooManyRequests {
				t.Errorf("the first is refused: %s", first.body)
			}
			send(t, gateway, request[0], request[1:]...).wantProblem(errs.RateLimited)
		})
	}
}

// Kong answers with what kong.yml says, and the built-in gateway says it too.
func TestGateway_answersWhatKongAnswersWhereNothingIs(t *testing.T) {
	t.Parallel()
	routes := must.Get(declaration.Parse("kong.yml", kong.Table()))(t)
	var declared, answered web.Problem
	must.Do(t, json.Unmarshal([]byte(routes[len(routes)-1].Plugins.Termination.Body), &declared))
	answer := do(t, http.MethodGet, start(t, unused(t))+"/nowhere", nil)
	must.Do(t, json.Unmarshal([]byte(answer.body), &answered))
	if answered.TraceID = ""; !reflect.DeepEqual(declared, answered) {
		t.Errorf("kong.yml says %+v, the gateway %+v", declared, answered)
	}
}

// lockedBuffer is a log that several requests write.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(line)
}

// Of a long path there is little in the log; of a client that is over its limit there is one line.
func TestLog_isNotFloodedByStrangers(t *testing.T) {
	t.Parallel()
	for most, limit := range map[int]int{1000: 150 * 500, 10: 11 * 500} {
		t.Run(fmt.Sprint("limit of ", most), func(t *testing.T) {
			t.Parallel()
			var log lockedBuffer
			gateway := rig{routes: limitedTo(most), log: &log}.start(t, unused(t))
			for range 150 {
				do(t, http.MethodGet, gateway+"/"+strings.Repeat("x", 15_000), nil, "X-Api-Key", "")
			}
			log.mu.Lock()
			defer log.mu.Unlock()
			if size := log.Len(); size == 0 || size > limit {
				t.Errorf("150 requests wrote %d bytes, at most %d are wanted: %.1000s", size, limit, &log)
			}
		})
	}
}
