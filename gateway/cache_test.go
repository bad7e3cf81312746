package main

import (
	"fmt"
	"net/http"
	"testing"

	"stoa/pkg/common/errs"
)

const cached = "{name: proxy-cache, config: {strategy: memory, cache_control: true, response_code: [200], request_method: [GET], content_type: [text/plain]}}"

func TestCache_comesAfterKeysAndLimits(t *testing.T) {
	forwarded := 0
	rig := rig{routes: declared(fmt.Sprintf(hourly, 4, "ip")+", {name: stoa-api-key, config: {}}, "+cached, "")}
	gateway := rig.start(t, func(w http.ResponseWriter, _ *http.Request) {
		forwarded++
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Cache-Control", "public, max-age=3600, s-maxage=3600")
		fmt.Fprint(w, forwarded)
	})
	for _, want := range []struct{ from, remaining string }{{"Miss", "3"}, {"Hit", "2"}} {
		answer := do(t, http.MethodGet, gateway+"/a", nil)
		expect(t, "the body", answer.body, "1")
		expect(t, "where it is from", answer.Header.Get("X-Cache-Status"), want.from)
		expect(t, "who may keep it", answer.Header.Get("Cache-Control"), "private, max-age=3600")
		expect(t, "what is left of the limit", answer.Header.Get("RateLimit-Remaining"), want.remaining)
	}
	do(t, http.MethodGet, gateway+"/a", nil, "X-Api-Key", "").wantProblem(errs.Unauthenticated)
	expect(t, "signed in", do(t, http.MethodGet, gateway+"/a", nil, "Authorization", "Bearer t").body, "2")
	expect(t, "beyond the limit", get(t, gateway+"/a"), "429 4/0")
}
