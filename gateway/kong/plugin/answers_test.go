package main

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Kong/go-pdk/test"

	"stoa/pkg/common/errs"
)

// calls makes calls with a key before a bubble begins.
func calls(t *testing.T, n int, key string) []*test.TestEnv {
	t.Helper()
	var envs []*test.TestEnv
	for range n {
		envs = append(envs, withKey(t, key))
	}
	return envs
}

func TestAnswers_areUsedForCacheSeconds(t *testing.T) {
	for name, tt := range map[string]struct {
		key    string
		first  errs.Kind
		change func(*auth)
		then   errs.Kind
	}{
		"a key that is revoked":           {shopKey, "", func(a *auth) { a.revoke(shopKey) }, errs.Forbidden},
		"a key that was not known before": {"new", errs.Forbidden, func(a *auth) { a.keys["new"] = a.keys[shopKey] }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			envs := calls(t, 3, tt.key)
			synctest.Test(t, func(t *testing.T) {
				auth := newAuth()
				c := configured(t, plugin(auth), settings(`, "cache_seconds": 3`))
				expect(t, c, envs[0], tt.first)
				tt.change(auth)
				time.Sleep(3*time.Second - time.Millisecond)
				expect(t, c, envs[1], tt.first)
				auth.expectAsked(t, 1)
				time.Sleep(time.Millisecond)
				expect(t, c, envs[2], tt.then)
				auth.expectAsked(t, 2)
			})
		})
	}
}

func TestAnswers_areAskedForOnceByMany(t *testing.T) {
	envs := calls(t, 20, shopKey)
	synctest.Test(t, func(t *testing.T) {
		auth := newAuth()
		auth.takes["localhost:3600"] = 500 * time.Millisecond
		c := configured(t, plugin(auth), settings(""))
		var all sync.WaitGroup
		for _, env := range envs {
			all.Go(func() { expect(t, c, env, "") })
		}
		all.Wait()
		auth.expectAsked(t, 1)
	})
}

// Kong starts the plugin once for each route.
func TestAnswers_areSharedByRoutes(t *testing.T) {
	auth := newAuth()
	process := plugin(auth)
	for _, more := range []string{"", `, "limit_per_minute": 10`, `, "permission": null`} {
		expect(t, configured(t, process, settings(more)), withKey(t, shopKey), "")
	}
	auth.expectAsked(t, 1)
}

func TestAnswers_comeFromTheNextURLWhenOneDoesNotAnswer(t *testing.T) {
	both := fmt.Sprintf(`{"verification_urls": [%q, %q], "timeout_ms": 300}`, auth1, auth2)
	for name, fail := range map[string]func(*auth){
		"down": func(a *auth) { a.down["localhost:3600"] = true },
		"slow": func(a *auth) { a.takes["localhost:3600"] = time.Minute },
	} {
		t.Run(name, func(t *testing.T) {
			envs, other := calls(t, 1, shopKey), withKey(t, readKey)
			synctest.Test(t, func(t *testing.T) {
				auth := newAuth()
				fail(auth)
				c := configured(t, plugin(auth), both)
				began := time.Now()
				expect(t, c, envs[0], "")
				if took := time.Since(began); took > 300*time.Millisecond {
					t.Errorf("took %s, the time for one URL is 300 ms", took)
				}
				// The one that answered is asked first from now on.
				expect(t, c, other, "")
				auth.expectAsked(t, 3)
			})
		})
	}
}

// The token is for the sidecar beside us; no other host may get it.
func TestSend_sendsTheTokenOnlyToTheSidecar(t *testing.T) {
	auth := newAuth()
	auth.down["localhost:3600"] = true
	c := configured(t, plugin(auth), fmt.Sprintf(`{"verification_urls": [%q, %q]}`, auth1, auth2))
	expect(t, c, withKey(t, shopKey), "")
	for _, question := range auth.asked {
		want := map[string]string{"localhost:3600": "sidecar", "auth.example:8101": ""}[question.URL.Host]
		if got := question.Header.Get(tokenHeader); got != want {
			t.Errorf("%s saw the token %q, want %q", question.URL.Host, got, want)
		}
	}
	auth.expectAsked(t, 2) // one for each URL
}

func TestAnswers_areUsedDuringAnOutage(t *testing.T) {
	envs, stranger := calls(t, 4, shopKey), calls(t, 2, "made-up")
	write := call(t, http.MethodPost, "/api/v1/orders", "X-Api-Key", shopKey)
	synctest.Test(t, func(t *testing.T) {
		auth := newAuth()
		c := configured(t, plugin(auth), settings(`, "cache_seconds": 4`))
		expect(t, c, envs[0], "")
		auth.down["localhost:3600"] = true
		expect(t, c, stranger[0], errs.Unavailable)
		expect(t, c, envs[1], "")
		time.Sleep(4 * time.Second)
		expect(t, c, envs[2], "") // it only reads
		expect(t, c, write, errs.Unavailable)
		time.Sleep(10 * time.Minute)
		expect(t, c, envs[3], errs.Unavailable)
		auth.down["localhost:3600"] = false
		expect(t, c, stranger[1], errs.Forbidden)
	})
}

func TestLimit_countsAKeyOnAllRoutes(t *testing.T) {
	envs, other := calls(t, 4, shopKey), withKey(t, readKey)
	synctest.Test(t, func(t *testing.T) {
		process := plugin(newAuth())
		one := configured(t, process, settings(`, "limit_per_minute": 2`))
		another := configured(t, process, settings(`, "limit_per_minute": 2, "permission": null`))
		for i, c := range []*Config{one, another} {
			expect(t, c, envs[i], "")
		}
		expect(t, one, envs[2], errs.RateLimited)
		expect(t, one, other, "")
		time.Sleep(time.Minute)
		expect(t, one, envs[3], "")
	})
	wantHeaders(t, envs[1], map[string]string{"RateLimit-Limit": "2", "RateLimit-Remaining": "0", "RateLimit-Reset": "60"})
	wantHeaders(t, envs[2], map[string]string{
		"RateLimit-Limit": "2", "RateLimit-Remaining": "0", "RateLimit-Reset": "60", "Retry-After": "60"})
}

func wantHeaders(t *testing.T, env *test.TestEnv, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := env.ClientRes.Headers.Get(name); got != value {
			t.Errorf("%s: got %q, want %q", name, got, value)
		}
	}
}

func TestSend_takesOnlyAnswersOfApps(t *testing.T) {
	for name, key := range map[string]string{"a grant": shopKey, "a refusal": "made-up"} {
		t.Run(name, func(t *testing.T) {
			auth := newAuth()
			auth.unmarked = true
			env := withKey(t, key)
			expect(t, configured(t, plugin(auth), settings("")), env, errs.Unavailable)
			wantHeaders(t, env, map[string]string{"Retry-After": "1"})
		})
	}
}
