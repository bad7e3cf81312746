package deploy

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"stoa/internal/topology"
	"stoa/pkg/common/must"
)

func TestChart_refusesWhatItDoesNotKnow(t *testing.T) {
	for name, test := range map[string]struct{ value, want string }{
		"a typo":                {"bus.nmae=nats", "nmae"},
		"a bus":                 {"bus.name=pigeon", "name"},
		"SQLite":                {"store.name=sqlite", "name"},
		"a typo in an app":      {"apps.auth.replica=2", "replica"},
		"an app":                {"apps.baker.replicas=2", `apps: "baker" is not one of`},
		"a topic":               {"bus.topics.cakes=redis", `bus.topics: "cakes" is not one of`},
		"a service":             {"store.services.bakery=redis", `store.services: "bakery" is not one of`},
		"a text for a number":   {"defaults.replicas=many", "replicas"},
		"an invalid digest":     {"images.apps.digest=latest", "digest"},
		"Kong without an image": {"kong.enabled=true", "kong.image"},
		"an Ingress to nowhere": {"ingress.enabled=true", "ingress.host"},
		"two makers of secrets": {"secrets.external.enabled=true", "turn the other one off"},
		"no replica of an app that others call": {
			"scaling.events.enabled=true,apps.inventory-worker.scaling.min=0", "one replica has to run",
		},
	} {
		_, err := template(t, append(slices.Clone(small), "--set", test.value)...)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want one that says %s", name, err, test.want)
		}
	}
}

func TestChart_namesASecretThatIsMissing(t *testing.T) {
	_, err := template(t, "-f", chart+"/values-small.yaml")
	if err == nil || !strings.Contains(err.Error(), "POSTGRES_URL") {
		t.Errorf("got %v", err)
	}
	_, err = template(t, "-f", chart+"/values-small.yaml", "--set", "secrets.refs.POSTGRES_URL.name=database,secrets.refs.POSTGRES_URL.key=uri")
	if err != nil {
		t.Errorf("in another Secret: %v", err)
	}
}

// An app that has no port of its own may end while nothing waits for it, and comes back when scaling is turned off.
func TestChart_idleWorkersMayEnd(t *testing.T) {
	text := must.Get(template(t, append(slices.Clone(small), "--set", "scaling.events.enabled=true,apps.order-worker.scaling.min=0")...))(t)
	if got := strings.Count(text, "restoreToOriginalReplicaCount: true"); got != 1 {
		t.Errorf("%d apps come back", got)
	}
}

func TestChart_withKong(t *testing.T) {
	all := render(t, append(slices.Clone(small), "--set", "kong.enabled=true,kong.image=registry.example/kong:3.9.1")...)
	gateway := deployments(t, all)["gateway"].Template
	if got := gateway.Spec.Containers[0].Image; got != "registry.example/kong:3.9.1" {
		t.Errorf("the gateway runs %s", got)
	}
	if port, ok := gateway.Metadata.Annotations["dapr.io/app-port"]; ok {
		t.Errorf("its sidecar waits for port %s, which it never calls", port)
	}
	files := all.of("ConfigMap")["kong"].Data
	if strings.Contains(files["kong.yml"], ":3600") || !strings.Contains(files["kong.yml"], "localhost:3500/v1.0/invoke/") {
		t.Error("the routes do not lead to the sidecar")
	}
	for _, name := range []string{"http.conf", "proxy.conf"} {
		if files[name] == "" {
			t.Errorf("%s is empty", name)
		}
	}
	scopes := map[string][]string{}
	for name, r := range all.of("Resiliency") {
		scopes[name] = r.Scopes
	}
	if !slices.Equal(scopes["apps-from-kong"], []string{"gateway"}) || slices.Contains(scopes["apps"], "gateway") || len(scopes["apps"]) == 0 {
		t.Errorf("Kong's requests are repeated: %v", scopes)
	}
}

// A new app is in the description, and nowhere in the chart.
func TestChart_namesNoApp(t *testing.T) {
	files := append(must.Get(filepath.Glob(chart+"/templates/*"))(t), chart+"/values.yaml", chart+"/values.schema.json")
	comments := regexp.MustCompile(`(?m)#.*$|\{\{/\*(?s:.*?)\*/\}\}`)
	for _, app := range must.Get(topology.Load(".."))(t).Apps {
		if app.Public() {
			continue // a gateway is also a word of Kubernetes
		}
		named := regexp.MustCompile(`(^|[^-\w])` + regexp.QuoteMeta(app.ID) + `($|[^-\w])`)
		for _, file := range files {
			if info := must.Get(os.Stat(file))(t); info.IsDir() {
				continue
			}
			text := comments.ReplaceAllString(string(must.Get(os.ReadFile(file))(t)), "")
			text = strings.ReplaceAll(text, `"auth" (dict "secretStore"`, "") // a field of every component
			if at := named.FindString(text); at != "" {
				t.Errorf("%s names %s", file, app.ID)
			}
		}
	}
}

// Every value is used, and the schema knows all of them.
func TestChart_valuesAreUsed(t *testing.T) {
	var templates strings.Builder
	for _, file := range append(must.Get(filepath.Glob(chart+"/templates/*.*"))(t), must.Get(filepath.Glob(chart+"/templates/tests/*"))(t)...) {
		templates.Write(must.Get(os.ReadFile(file))(t))
	}
	whole := []string{"networkPolicies.ports", "secrets.external.store"} // templates hand these on
	var walk func(path string, values map[string]any)
	walk = func(path string, values map[string]any) {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if inner, ok := values[name].(map[string]any); ok && len(inner) > 0 && !slices.Contains(whole, path+name) {
				walk(path+name+".", inner)
			} else if !strings.Contains(templates.String(), "."+name) && !strings.Contains(templates.String(), `"`+name+`"`) {
				t.Errorf("no template uses %s%s", path, name)
			}
		}
	}
	walk("", read[map[string]any](t, chart+"/values.yaml"))
}

// The chart reads these files where they are. A copy would be a second truth.
func TestChart_linksLeadToTheFiles(t *testing.T) {
	for link, want := range map[string]string{
		"components": "../components", "compose": "compose", "files/kong.yml": "../gateway/kong/kong.yml",
	} {
		to := must.Get(filepath.EvalSymlinks(filepath.Join(chart, link)))(t)
		if info := must.Get(os.Lstat(filepath.Join(chart, link)))(t); info.Mode()&os.ModeSymlink == 0 || to != filepath.Clean(want) {
			t.Errorf("%s is not a link to %s", link, want)
		}
	}
}

// The Prometheus operator and the scrape jobs of deploy/observability give the same labels: those by which dashboards and alerts ask.
func TestChart_monitorsUnderTheLabelsOfTheDashboards(t *testing.T) {
	monitor := render(t, append(small, "--set", "metrics.podMonitor.enabled=true")...).of("PodMonitor")["stoa"]
	type relabeling struct {
		SourceLabels            []string `yaml:"sourceLabels"`
		TargetLabel             string   `yaml:"targetLabel"`
		Replacement             string
		UnderscoredSourceLabels []string `yaml:"source_labels"`
		UnderscoredTargetLabel  string   `yaml:"target_label"`
	}
	labels := func(all []relabeling) map[string]string {
		found := map[string]string{}
		for _, r := range all {
			if target := cmp.Or(r.TargetLabel, r.UnderscoredTargetLabel); target != "" {
				sources := append(r.SourceLabels, r.UnderscoredSourceLabels...)
				found[target] = strings.Join(sources, ";") + " " + cmp.Or(r.Replacement, "$1")
			}
		}
		return found
	}
	got, want := map[string]map[string]string{}, map[string]map[string]string{}
	for _, e := range specOf[struct {
		PodMetricsEndpoints []struct {
			Port        string
			Relabelings []relabeling
		} `yaml:"podMetricsEndpoints"`
	}](t, monitor).PodMetricsEndpoints {
		got[e.Port] = labels(e.Relabelings)
	}
	var jobs struct {
		ScrapeConfigs []struct {
			JobName        string `yaml:"job_name"`
			RelabelConfigs []struct {
				relabeling `yaml:",inline"`
				Regex      string
			} `yaml:"relabel_configs"`
		} `yaml:"scrape_configs"`
	}
	must.Do(t, yaml.Unmarshal(must.Get(os.ReadFile("observability/kubernetes.yml"))(t), &jobs))
	for _, job := range jobs.ScrapeConfigs {
		var all []relabeling
		port := ""
		for _, r := range job.RelabelConfigs {
			if _, name, found := strings.Cut(r.Regex, ";"); found {
				port = name
			}
			all = append(all, r.relabeling)
		}
		want[port] = labels(all)
		want[port]["job"] = " " + job.JobName
	}
	if len(want) != 2 || !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}
