package deploy

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
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
		"another bus's setting": {"bus.settings.kafak.version=x", `bus.settings: "kafak" is not one of`},
		"another store's":       {"store.settings.postgress.maxConns=x", `store.settings: "postgress" is not one of`},
		"a component":           {"base.settings.mial.host=x", `base.settings: "mial" is not one of`},
		"a vault without name":  {"secrets.create=false,secrets.external.enabled=true", "secrets.external.store.name"},
		"no time to end":        {"shutdown.unfound=80", "shutdown.grace"},
		"what Dapr would split": {`defaults.env.OTEL_RESOURCE_ATTRIBUTES=a=b\,c=d`, "follows a comma"},
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

// What the README tells a newcomer to type is accepted: a text that looks like a number is one to Helm, and refused.
func TestReadme_installs(t *testing.T) {
	text := strings.ReplaceAll(string(must.Get(os.ReadFile("README.md"))(t)), "\\\n", " ")
	commands := regexp.MustCompile(`(?m)^helm install stoa deploy/helm/stoa -n stoa (.*)$`).FindAllStringSubmatch(text, -1)
	if len(commands) == 0 {
		t.Fatal("the README installs nothing")
	}
	for _, command := range commands {
		args := strings.NewReplacer("deploy/helm/stoa", chart, "'", "", "--wait", "").Replace(command[1])
		must.Get(template(t, strings.Fields(args)...))(t)
	}
}

// A name that looks like a number is a text.
func TestChart_takesNumbersForNames(t *testing.T) {
	text := must.Get(templateAs(t, "2026", "2027", append(slices.Clone(small), "--set", "metrics.podMonitor.enabled=true")...))(t)
	if found := regexp.MustCompile(`(instance|namespace)"?: ?202[67]`).FindString(text); found != "" {
		t.Errorf("the API server refuses %s", found)
	}
}

// The Ingress of the example takes what the gateway takes.
func TestChart_theIngressTakesTheLargestBody(t *testing.T) {
	limit := render(t, production...).of("Ingress")["stoa"].Metadata.Annotations["nginx.ingress.kubernetes.io/proxy-body-size"]
	megabytes, err := strconv.Atoi(strings.TrimSuffix(limit, "m"))
	if largest := largestBody(t); err != nil || megabytes*1024 < largest {
		t.Errorf("it takes %q, the gateway %d KB", limit, largest)
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

// A sidecar that is not native ends after its app, and both within the time that Kubernetes gives them.
func TestChart_sidecarsOutliveTheirApps(t *testing.T) {
	args := append(slices.Clone(small), "--set", "dapr.nativeSidecar=false,shutdown.unfound=60,shutdown.grace=95")
	if got := deployments(t, render(t, args...))["blog"].Template.Metadata.Annotations["dapr.io/block-shutdown-duration"]; got != "80s" {
		t.Errorf("it ends %s after its signal, the app up to 75 s", got)
	}
}

// Sidecars wait for the parts of Dapr that actors need only where there are some: the injector takes a space for nothing.
func TestChart_sidecarsKnowOfPlacementAndSchedulerForActorsOnly(t *testing.T) {
	for actors, want := range map[string]string{"false": " ", "true": ""} {
		notes := deployments(t, render(t, append(slices.Clone(small), "--set", "dapr.actors="+actors)...))["blog"].Template.Metadata.Annotations
		for _, name := range []string{"dapr.io/placement-host-address", "dapr.io/scheduler-host-address"} {
			if notes[name] != want {
				t.Errorf("with actors: %s, %s is %q", actors, name, notes[name])
			}
		}
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
	all := render(t, append(slices.Clone(small), "--set", "kong.enabled=true,kong.image=registry.example/kong:3.9.1",
		"--set", "apps.gateway.env.KONG_TRUSTED_IPS=10.0.0.0/8,defaults.env.MAIL_FROM=x")...)
	gateway := deployments(t, all)["gateway"].Template
	if notes := gateway.Metadata.Annotations; notes["prometheus.io/scrape"] != "" || gateway.Spec.Containers[0].Ports[1].Name == "probes" {
		t.Error("Prometheus asks Kong for metrics, which it does not have there, and finds it down")
	}
	if got := gateway.Spec.Containers[0].Image; got != "registry.example/kong:3.9.1" {
		t.Errorf("the gateway runs %s", got)
	}
	if port, ok := gateway.Metadata.Annotations["dapr.io/app-port"]; ok {
		t.Errorf("its sidecar waits for port %s, which it never calls", port)
	}
	env := map[string]string{}
	for _, variable := range gateway.Spec.Containers[0].Env {
		env[variable.Name] = variable.Value
	}
	if _, other := env["MAIL_FROM"]; other || env["KONG_TRUSTED_IPS"] != "10.0.0.0/8" || env["KONG_STATUS_LISTEN"] != "0.0.0.0:8200" {
		t.Errorf("Kong gets %v", env)
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
