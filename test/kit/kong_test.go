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
	"stoa/test/client"
	"stoa/test/system"
)

// Kong cannot take the length away from a request that must not be sent twice, so its sidecar repeats none. Whether it
// does shows in how long it takes over an app that is not there: the gateway's own sidecar goes on for two seconds.
func TestKong_sidecarRepeatsNothing(t *testing.T) {
	ours := filepath.Join(system.Root(t), "components/config/resiliency")
	kongs := filepath.Join(system.Root(t), "deploy/compose/kong/resiliency")
	patience := map[string]time.Duration{}
	for _, folder := range []string{ours, kongs} {
		gateway := sidecarOf(t, "gateway")
		at := slices.Index(gateway.Resources, ours)
		if at < 0 {
			t.Fatalf("the gateway's sidecar does not read %s", ours)
		}
		gateway.Resources[at] = folder
		patience[folder] = timeOfFailure(t, startSidecars(t, stack.Options{}, gateway))
	}
	if patience[kongs] > patience[ours]/2 {
		t.Errorf("a request to nobody failed after %s, one that is repeated after %s", patience[kongs], patience[ours])
	}
}

// timeOfFailure is how long a sidecar takes to give up on a request with a length, to an app that is not there.
func timeOfFailure(t *testing.T, s system) time.Duration {
	t.Helper()
	config := s.config("gateway")
	url := fmt.Sprintf("http://127.0.0.1:%d/v1.0/invoke/auth/method/api/v1/auth/signin/basic", config.DaprHTTPPort)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("dapr-api-token", config.DaprAPIToken)
	began := time.Now()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusInternalServerError {
		t.Errorf("a request to nobody: got %s", answer.Status)
	}
	return time.Since(began)
}
