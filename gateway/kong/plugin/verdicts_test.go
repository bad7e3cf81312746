package main

import (
	"fmt"
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

func TestVerdictsHoldForSeconds(t *testing.T) {
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
				if got := outcome(t, c, envs[0]); got != tt.first {
					t.Fatalf("got %q, want %q", got, tt.first)
				}
				tt.change(auth)
				time.Sleep(3*time.Second - time.Millisecond)
				if got := outcome(t, c, envs[1]); got != tt.first || auth.times() != 1 {
					t.Errorf("just before the time: %q after %d questions", got, auth.times())
				}
				time.Sleep(time.Millisecond)
				if got := outcome(t, c, envs[2]); got != tt.then || auth.times() != 2 {
					t.Errorf("after it: %q after %d questions", got, auth.times())
				}
			})
		})
	}
}

func TestOneQuestionForManyWhoWait(t *testing.T) {
	envs := calls(t, 20, shopKey)
	synctest.Test(t, func(t *testing.T) {
		auth := newAuth()
		auth.takes["localhost:3600"] = 500 * time.Millisecond
		c := configured(t, plugin(auth), settings(""))
		var all sync.WaitGroup
		for _, env := range envs {
			all.Go(func() {
				if got := outcome(t, c, env); got != "" {
					t.Errorf("refused: %q", got)
				}
			})
		}
		all.Wait()
		if auth.times() != 1 {
			t.Errorf("%d questions for one key", auth.times())
		}
	})
}

// Kong starts the plugin once for each route; what one has learnt, all know.
func TestRoutesShareWhatIsKnown(t *testing.T) {
	auth := newAuth()
	process := plugin(auth)
	for _, more := range []string{"", `, "limit_per_minute": 10`, `, "permission": null`} {
		if got := outcome(t, configured(t, process, settings(more)), withKey(t, shopKey)); got != "" {
			t.Errorf("refused: %q", got)
		}
	}
	if auth.times() != 1 {
		t.Errorf("%d questions for one key", auth.times())
	}
}

func TestTheNextURLIsAskedWhenOneDoesNotAnswer(t *testing.T) {
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
				if got := outcome(t, c, envs[0]); got != "" {
					t.Errorf("refused: %q", got)
				}
				if took := time.Since(began); took > 300*time.Millisecond {
					t.Errorf("took %s, the time for one URL is 300 ms", took)
				}
				// The one that answered is asked first from now on.
				if got := outcome(t, c, other); got != "" || auth.times() != 3 {
					t.Errorf("%q after %d questions, want 3", got, auth.times())
				}
			})
		})
	}
}

// The token opens the sidecar beside us; no other host gets to see it.
func TestOnlyTheSidecarSeesItsToken(t *testing.T) {
	auth := newAuth()
	auth.down["localhost:3600"] = true
	c := configured(t, plugin(auth), fmt.Sprintf(`{"verification_urls": [%q, %q]}`, auth1, auth2))
	outcome(t, c, withKey(t, shopKey))
	for _, question := range auth.asked {
		want := map[string]string{"localhost:3600": "sidecar", "auth.example:8101": ""}[question.URL.Host]
		if got := question.Header.Get(tokenHeader); got != want {
			t.Errorf("%s saw the token %q, want %q", question.URL.Host, got, want)
		}
	}
	if len(auth.asked) != 2 {
		t.Errorf("%d questions, want one to each URL", len(auth.asked))
	}
}

func TestAnOutageIsNoVerdict(t *testing.T) {
	envs, stranger := calls(t, 3, shopKey), calls(t, 2, "made-up")
	synctest.Test(t, func(t *testing.T) {
		auth := newAuth()
		c := configured(t, plugin(auth), settings(`, "cache_seconds": 4`))
		if got := outcome(t, c, envs[0]); got != "" {
			t.Fatalf("refused: %q", got)
		}
		auth.down["localhost:3600"] = true
		if got := outcome(t, c, stranger[0]); got != errs.Unavailable {
			t.Errorf("a key that nobody knows: %q", got)
		}
		if got := outcome(t, c, envs[1]); got != "" {
			t.Errorf("a key that was valid a moment ago: %q", got)
		}
		time.Sleep(4 * time.Second)
		if got := outcome(t, c, envs[2]); got != errs.Unavailable {
			t.Errorf("a key that was valid four seconds ago: %q", got)
		}
		auth.down["localhost:3600"] = false
		if got := outcome(t, c, stranger[1]); got != errs.Forbidden {
			t.Errorf("after the outage: %q", got)
		}
	})
	if got := envs[2].ClientRes.Headers.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After: got %q", got)
	}
}

func TestTheLimitOfAKey(t *testing.T) {
	envs, other := calls(t, 4, shopKey), withKey(t, readKey)
	synctest.Test(t, func(t *testing.T) {
		process := plugin(newAuth())
		one := configured(t, process, settings(`, "limit_per_minute": 2`))
		another := configured(t, process, settings(`, "limit_per_minute": 2, "permission": null`))
		for i, c := range []*Config{one, another} {
			if got := outcome(t, c, envs[i]); got != "" {
				t.Fatalf("request %d: %q", i+1, got)
			}
		}
		if got := outcome(t, one, envs[2]); got != errs.RateLimited {
			t.Errorf("the third request: %q", got)
		}
		if got := outcome(t, one, other); got != "" {
			t.Errorf("another key: %q", got)
		}
		time.Sleep(time.Minute)
		if got := outcome(t, one, envs[3]); got != "" {
			t.Errorf("a minute later: %q", got)
		}
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

func TestVerification_TakesOnlyTheAnswerOfAnApp(t *testing.T) {
	for name, key := range map[string]string{"a grant": shopKey, "a refusal": "made-up"} {
		t.Run(name, func(t *testing.T) {
			auth := newAuth()
			auth.unmarked = true
			if got := outcome(t, configured(t, plugin(auth), settings("")), withKey(t, key)); got != errs.Unavailable {
				t.Errorf("got %q", got)
			}
		})
	}
}
