package monitoring

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gopkg.in/yaml.v3"

	"stoa/pkg/common/must"
)

// Debian's Prometheus finds no pods, so these are what it would find: the ports of a pod of the chart, and one of somebody else's.
func found(pod, part, port, phase string) map[string]any {
	return map[string]any{"targets": []string{"10.0.0.1:1"}, "labels": map[string]string{
		"__meta_kubernetes_pod_name": pod, "__meta_kubernetes_pod_container_port_name": port,
		"__meta_kubernetes_pod_label_app_kubernetes_io_name": "blog", "__meta_kubernetes_pod_label_app_kubernetes_io_part_of": part,
		"__meta_kubernetes_pod_phase": phase,
	}}
}

func TestKubernetes_targetsHaveTheLabelsOfQueries(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("NOT TESTED: promtool is not installed; `make prometheus` installs it")
	}
	var jobs []map[string]any
	for _, job := range kubernetes()["scrape_configs"] {
		jobs = append(jobs, map[string]any{"job_name": job.Name, "relabel_configs": job.Relabel, "static_configs": []any{
			found("blog-1", "stoa", "probes", "Running"), found("blog-1", "stoa", "dapr-metrics", "Running"), found("blog-1", "stoa", "http", "Running"),
			found("evicted", "stoa", "probes", "Failed"), found("evicted", "stoa", "dapr-metrics", "Failed"), found("x", "other", "probes", "Running"),
		}})
	}
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	must.Do(t, os.WriteFile(file, must.Get(yaml.Marshal(map[string]any{"scrape_configs": jobs}))(t), 0o600))
	for job, instance := range map[string]string{Apps: "blog-1", Sidecars: "blog-1.sidecar"} {
		out := must.Get(exec.Command(promtool, "check", "service-discovery", "--timeout=3s", file, job).Output())(t)
		var targets []struct{ Labels map[string]string }
		must.Do(t, json.Unmarshal(out, &targets))
		kept := 0
		for _, target := range targets {
			got := map[string]string{"job": target.Labels["job"], "app": target.Labels["app"], "instance": target.Labels["instance"]}
			switch {
			case len(target.Labels) == 0: // dropped
			case !maps.Equal(got, map[string]string{"job": job, "app": "blog", "instance": instance}):
				t.Errorf("a target of %s has the labels %v", job, target.Labels)
			default:
				kept++
			}
		}
		if kept != 1 {
			t.Errorf("%s has %d targets, want 1: %s", job, kept, out)
		}
	}
}
