package kit

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/pkg/common/must"
	"stoa/test/system"
)

// Kong cannot take the length away from a request that must not be sent twice, so its sidecar repeats none. Whether it
// does shows in how long it takes over an app that is not there: the gateway's own sidecar goes on for two seconds.
func TestKong_sidecarRepeatsNothing(t *testing.T) {
	ours := filepath.Join(system.Root(t), "components/config/resiliency")
	kongs := filepath.Join(system.Root(t), "deploy/compose/kong/resiliency")
	patience := map[string]time.Duration{}
	for _, folder := range []string{ours, kongs} {
		described := must.Get(system.Sidecars(system.Root(t), "gateway"))(t)
		gateway := described.Apps[0]
		at := slices.Index(gateway.Resources, ours)
		if at < 0 {
			t.Fatalf("the gateway's sidecar does not read %s", ours)
		}
		gateway.Resources[at] = folder
		patience[folder] = timeOfFailure(t, system.Start(t, described, stack.Options{}))
	}
	if patience[kongs] > patience[ours]/2 {
		t.Errorf("a request to nobody failed after %s, one that is repeated after %s", patience[kongs], patience[ours])
	}
}

// timeOfFailure is how long a sidecar takes to give up on a request with a length, to an app that is not there.
func timeOfFailure(t *testing.T, s system.System) time.Duration {
	t.Helper()
	config := s.Config(t, "gateway", "gateway.sidecar")
	url := fmt.Sprintf("http://127.0.0.1:%d/v1.0/invoke/auth/method/api/v1/auth/signin/basic", config.DaprHTTPPort)
	request := must.Get(http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}")))(t)
	request.Header.Set("dapr-api-token", config.DaprAPIToken)
	began := time.Now()
	answer := must.Get(http.DefaultClient.Do(request))(t)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusInternalServerError {
		t.Errorf("a request to nobody: got %s", answer.Status)
	}
	return time.Since(began)
}
