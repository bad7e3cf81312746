package secrets

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"stoa/pkg/common/must"
)

// fakeCluster is the part of Kubernetes' API that Cluster uses. disturb is called before each write, as somebody else.
type fakeCluster struct {
	mu      sync.Mutex
	secrets map[string]*secret
	version int
	disturb func(f *fakeCluster)
}

func (f *fakeCluster) put(name string, values Values) {
	kept := f.secrets[name]
	if kept == nil {
		kept = &secret{Metadata: metadata{Name: name}, Data: map[string]string{}}
		f.secrets[name] = kept
	}
	for key, value := range values {
		kept.Data[key] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	f.version++
	kept.Metadata.Version = strconv.Itoa(f.version)
}

func (f *fakeCluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var in secret
	_ = json.NewDecoder(r.Body).Decode(&in) // a read has no body
	name := r.PathValue("name")
	if r.Method != http.MethodGet && f.disturb != nil {
		disturb := f.disturb
		f.disturb = nil
		disturb(f)
	}
	known := f.secrets[name]
	switch {
	case r.Header.Get("Authorization") != "Bearer t":
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method == http.MethodPost && f.secrets[in.Metadata.Name] != nil:
		w.WriteHeader(http.StatusConflict)
	case r.Method == http.MethodPost:
		f.put(in.Metadata.Name, in.StringData)
		w.WriteHeader(http.StatusCreated)
	case known == nil:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodPatch && in.Metadata.Version != known.Metadata.Version:
		w.WriteHeader(http.StatusConflict)
	case r.Method == http.MethodPatch:
		f.put(name, in.StringData)
	default:
		_ = json.NewEncoder(w).Encode(known)
	}
}

func startCluster(t *testing.T) (*Cluster, *fakeCluster) {
	t.Helper()
	fake := &fakeCluster{secrets: map[string]*secret{}}
	mux := http.NewServeMux()
	mux.Handle("/api/v1/namespaces/shop/secrets", fake)
	mux.Handle("/api/v1/namespaces/shop/secrets/{name}", fake)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return &Cluster{server.URL, "t", "shop", "stoa", server.Client()}, fake
}

func (f *fakeCluster) value(t *testing.T, name, key string) string {
	t.Helper()
	return string(must.Get(base64.StdEncoding.DecodeString(f.secrets[name].Data[key]))(t))
}

func TestCluster_addsOnlyWhatIsMissing(t *testing.T) {
	cluster, fake := startCluster(t)
	for i, want := range []int{2, 0} {
		added, err := cluster.Ensure(t.Context(), "stoa-secrets", Values{"A": "1", "B": strconv.Itoa(i)})
		if err != nil || added != want {
			t.Errorf("run %d: added %d, %v; want %d", i, added, err, want)
		}
	}
	if added, err := cluster.Ensure(t.Context(), "stoa-secrets", Values{"B": "2", "C": "3"}); err != nil || added != 1 {
		t.Errorf("added %d, %v; want 1", added, err)
	}
	for key, want := range map[string]string{"A": "1", "B": "0", "C": "3"} {
		if got := fake.value(t, "stoa-secrets", key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

// Two installations at once end with the secrets of one of them, not with a mixture that one of them has already read.
func TestCluster_neverReplacesWhatSomebodyElseWrites(t *testing.T) {
	for name, before := range map[string]Values{"made meanwhile": nil, "changed meanwhile": {"B": "b"}} {
		t.Run(name, func(t *testing.T) {
			cluster, fake := startCluster(t)
			if before != nil {
				fake.put("s", before)
			}
			fake.disturb = func(f *fakeCluster) { f.put("s", Values{"A": "theirs"}) }
			if _, err := cluster.Ensure(t.Context(), "s", Values{"A": "ours"}); err != nil {
				t.Fatal(err)
			}
			if got := fake.value(t, "s", "A"); got != "theirs" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestCluster_reportsRefusals(t *testing.T) {
	cluster, _ := startCluster(t)
	cluster.token = "wrong"
	if _, err := cluster.Ensure(t.Context(), "s", Values{"A": "1"}); err == nil {
		t.Error("a refusal is not reported")
	}
}

func TestFirst_hasABrokerOnlyWhereThereIsOne(t *testing.T) {
	with, without := must.Get(First("broker:14222"))(t), must.Get(First(""))(t)
	address, port, err := with.Broker()
	if err != nil || address.Hostname() != "broker" || port != 14222 {
		t.Errorf("got %v, %d, %v", address, port, err)
	}
	if _, there := without[BrokerURL]; there || without[SigningKey] == "" || without[LinkKeys] == "" || without[bootstrap] == "" {
		t.Error("without a broker there are other secrets than those that every system has")
	}
}

// The Job that makes the secrets of a cluster makes all that apps read themselves.
func TestFirst_hasWhatAppsRead(t *testing.T) {
	files := must.Get(filepath.Glob("../../../components/config/apps/*.yaml"))(t)
	first, checked := must.Get(First(""))(t), 0
	for _, file := range files {
		text := string(must.Get(os.ReadFile(file))(t))
		for _, list := range regexp.MustCompile(`allowedSecrets: \[(.*)\]`).FindAllStringSubmatch(text, -1) {
			for name := range strings.SplitSeq(list[1], ", ") {
				if checked++; first[name] == "" {
					t.Errorf("%s: there is no %s", filepath.Base(file), name)
				}
			}
		}
	}
	if checked < 4 {
		t.Errorf("only %d secrets", checked)
	}
}
