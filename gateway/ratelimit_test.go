package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"stoa/gateway/declaration"
	"stoa/gateway/edge/limit"
	"stoa/gateway/edge/request"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/settings"
)

// hourly counts by the hour, so that no test runs into the next period.
const hourly = "{name: rate-limiting, config: {hour: %d, limit_by: %s}}"

func TestRateLimit_countsByAddress(t *testing.T) {
	forwarded := 0
	gateway := rig{routes: declared(fmt.Sprintf(hourly, 3, "ip"), fmt.Sprintf(hourly, 1, "ip"))}.start(t,
		func(http.ResponseWriter, *http.Request) { forwarded++ })
	expect(t, "first", get(t, gateway+"/a"), "200 3/2")
	expect(t, "a forged address is no other", get(t, gateway+"/aa", "X-Forwarded-For", "203.0.113.7"), "200 3/1")
	expect(t, "third", get(t, gateway+"/a"), "200 3/0")
	answer := do(t, http.MethodGet, gateway+"/a", nil)
	answer.wantProblem(errs.RateLimited)
	for _, name := range []string{"Retry-After", "RateLimit-Reset"} {
		if seconds := answer.Header.Get(name); seconds == "" || seconds == "0" {
			t.Errorf("%s: got %q", name, seconds)
		}
	}
	expect(t, "the route's own limit", get(t, gateway+"/b"), "200 1/0")
	expect(t, "beyond the route's own limit", get(t, gateway+"/b"), "429 1/0")
	if forwarded != 4 {
		t.Errorf("%d requests were forwarded, want 4", forwarded)
	}
}

func TestRateLimit_countsByForwardedAddressBehindAProxy(t *testing.T) {
	var proxies request.Proxies
	must.Do(t, proxies.Decode("127.0.0.0/8"))
	var seen string
	gateway := rig{routes: declared(fmt.Sprintf(hourly, 1, "ip"), ""), proxies: proxies}.start(t,
		func(_ http.ResponseWriter, r *http.Request) { seen = r.Header.Get("X-Forwarded-For") })
	expect(t, "one client", get(t, gateway+"/a", "X-Forwarded-For", "198.51.100.1, 203.0.113.7"), "200 1/0")
	expect(t, "what the app sees", seen, "203.0.113.7")
	expect(t, "the same, with another forgery", get(t, gateway+"/a", "X-Forwarded-For", "198.51.100.2, 203.0.113.7"), "429 1/0")
	expect(t, "another client", get(t, gateway+"/a", "X-Forwarded-For", "203.0.113.8"), "200 1/0")
	expect(t, "IPv6", get(t, gateway+"/a", "X-Forwarded-For", "2001:db8::1"), "200 1/0")
	expect(t, "its neighbour in the same /64", get(t, gateway+"/a", "X-Forwarded-For", "2001:db8::2"), "429 1/0")
}

func TestRateLimit_countsByHeaderServiceOrPath(t *testing.T) {
	for name, tt := range map[string]struct{ config, path, header, sameAs string }{
		"header":                {"{hour: 1, limit_by: header, header_name: X-Tenant}", "/a", "1", "X-Tenant 1"},
		"header, another value": {"{hour: 1, limit_by: header, header_name: X-Tenant}", "/a", "2", ""},
		"no header: address":    {"{hour: 1, limit_by: header, header_name: X-Tenant}", "/a", "", ""},
		"service":               {"{hour: 1, limit_by: service}", "/aa", "", "service"},
		"another service":       {"{hour: 1, limit_by: service}", "/b", "", ""},
		"path":                  {"{hour: 1, limit_by: path, path: /a}", "/a", "", "path"},
		"another path: address": {"{hour: 1, limit_by: path, path: /a}", "/aa", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			plugin := "{name: rate-limiting, config: " + tt.config + "}"
			gateway := rig{routes: declared(plugin, "")}.start(t, empty)
			expect(t, "first", get(t, gateway+"/a", "X-Tenant", "1"), "200 1/0")
			want := "200 1/0"
			if tt.sameAs != "" {
				want = "429 1/0"
			}
			expect(t, "second", get(t, gateway+tt.path, "X-Tenant", tt.header), want)
		})
	}
}

// The header that clients are counted by may be a credential.
func TestRateLimit_logsNoHeaderOfAClient(t *testing.T) {
	var log lockedBuffer
	plugin := "{name: rate-limiting, config: {hour: 1, limit_by: header, header_name: Authorization}}"
	gateway := rig{routes: declared(plugin, ""), log: &log}.start(t, empty)
	for range 2 {
		get(t, gateway+"/a", "Authorization", "Bearer secret")
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if line := log.String(); !strings.Contains(line, "over its limit") || strings.Contains(line, "secret") {
		t.Errorf("got %s", line)
	}
}

func TestRateLimit_canBeHiddenAndSwitchedOff(t *testing.T) {
	hidden := declared("{name: rate-limiting, config: {hour: 1, limit_by: ip, hide_client_headers: true}}", "")
	gateway := rig{routes: hidden}.start(t, empty)
	expect(t, "hidden", get(t, gateway+"/a"), "200 /")
	expect(t, "hidden, beyond", get(t, gateway+"/a"), "429 /")
	gateway = rig{routes: hidden, off: true}.start(t, empty)
	for range 3 {
		expect(t, "off", get(t, gateway+"/a"), "200 /")
	}
}

// settingsStore is a configuration store with one setting.
type settingsStore struct {
	name  string
	value atomic.Pointer[string]
}

func (s *settingsStore) HasConfiguration(context.Context) (bool, error) { return true, nil }

func (s *settingsStore) Configuration(context.Context) (map[string]settings.Item, error) {
	return map[string]settings.Item{s.name: {Value: *s.value.Load()}}, nil
}

func (s *settingsStore) set(value string) { s.value.Store(&value) }

func TestRateLimit_changesWhileTheGatewayRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		store := &settingsStore{name: "LIMIT_SIGN_IN_HOUR"}
		store.set("2")
		values := settings.Open(ctx, store, "gateway", zerolog.Nop())
		ended := make(chan error)
		go func() { ended <- values.Run(ctx) }()
		l := newRateLimit(&declaration.RateLimiting{Instance: "sign-in", Hour: 5}, values, nil)
		for _, tt := range []struct {
			value string
			want  []limit.Rate
		}{{"2", []limit.Rate{{Period: time.Hour, Max: 2}}}, {"0", nil}, {"", []limit.Rate{{Period: time.Hour, Max: 5}}}} {
			store.set(tt.value)
			time.Sleep(time.Minute)
			if got := l.rates(); !slices.Equal(got, tt.want) {
				t.Errorf("%q: got %v, want %v", tt.value, got, tt.want)
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
