package deploy

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"stoa/internal/topology"
	"stoa/pkg/common/must"
)

// These tests read what Helm makes of the chart. What a cluster does with it is in test/kubernetes.

const chart = "helm/stoa"

// helm is the path of the program, which `make kubernetes-tools` builds.
func helm(t *testing.T) string {
	t.Helper()
	built := must.Get(filepath.Abs("../bin/kubernetes/helm"))(t)
	if _, err := os.Stat(built); err == nil {
		return built
	}
	installed, err := exec.LookPath("helm")
	if err != nil {
		t.Skip("NOT TESTED: the chart. There is no helm; `make kubernetes-tools` builds it.")
	}
	return installed
}

// object is an object of Kubernetes.
type object struct {
	Kind     string
	Metadata struct {
		Name        string
		Labels      map[string]string
		Annotations map[string]string
	}
	Scopes []string
	Spec   yaml.Node
	Data   map[string]string
	Items  []object
}

// specOf decodes the specification of an object.
func specOf[T any](t *testing.T, o object) (spec T) {
	t.Helper()
	if err := o.Spec.Decode(&spec); err != nil {
		t.Fatalf("%s %s: %v", o.Kind, o.Metadata.Name, err)
	}
	return spec
}

// objects are what the chart makes, in the order in which they are applied within their file.
type objects []object

// small are the values that a user has to give, at least.
var small = []string{"-f", chart + "/values-small.yaml", "--set", "secrets.values.POSTGRES_URL=postgres://u:p@db:5432/stoa"}

// production are those of the example, which needs nothing else.
var production = []string{"-f", chart + "/values-production.yaml"}

// on chooses a bus and a store, and gives all secrets that their servers may need.
func on(bus, store string) []string {
	args := []string{"--set", "bus.name=" + bus, "--set", "store.name=" + store, "--set", "base.configuration=true"}
	for _, name := range []string{
		"POSTGRES_URL", "MARIADB_URL", "MONGODB_URL", "REDIS_HOST", "REDIS_PASSWORD", "KAFKA_BROKERS", "RABBITMQ_URL",
		"SMTP_HOST", "SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD",
	} {
		args = append(args, "--set", "secrets.values."+name+"=x")
	}
	return args
}

func template(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return templateAs(t, "stoa", "shop", args...)
}

func templateAs(t *testing.T, release, namespace string, args ...string) (string, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), helm(t), append([]string{"template", release, chart, "-n", namespace, "--kube-version", "1.34.0"}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", errors.New(stderr.String())
	}
	return stdout.String(), nil
}

// render returns all objects, those in a List too.
func render(t *testing.T, args ...string) objects {
	t.Helper()
	text := must.Get(template(t, args...))(t)
	var all objects
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var o object
		err := decoder.Decode(&o)
		switch {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("%v in\n%s", err, text)
		case o.Kind == "List":
			all = append(all, o.Items...)
		case o.Kind != "":
			all = append(all, o)
		}
	}
}

func (all objects) of(kind string) map[string]object {
	found := map[string]object{}
	for _, o := range all {
		if o.Kind == kind {
			found[o.Metadata.Name] = o
		}
	}
	return found
}

// secretKey is a reference to a key of a Secret.
type secretKey struct{ Name, Key string }

// deployment is what the tests read of one.
type deployment struct {
	Replicas *int
	Template struct {
		Metadata struct{ Annotations map[string]string }
		Spec     pod
	}
}

type volume struct {
	Name      string
	ConfigMap struct{ Name string } `yaml:"configMap"`
}

type pod struct {
	ServiceAccountName            string `yaml:"serviceAccountName"`
	AutomountServiceAccountToken  *bool  `yaml:"automountServiceAccountToken"`
	TerminationGracePeriodSeconds int    `yaml:"terminationGracePeriodSeconds"`
	SecurityContext               struct {
		RunAsNonRoot   bool                  `yaml:"runAsNonRoot"`
		SeccompProfile struct{ Type string } `yaml:"seccompProfile"`
	} `yaml:"securityContext"`
	TopologySpreadConstraints []any `yaml:"topologySpreadConstraints"`
	Volumes                   []volume
	Containers                []struct {
		Name, Image string
		Command     []string
		Env         []struct {
			Name, Value string
			ValueFrom   struct {
				SecretKeyRef secretKey `yaml:"secretKeyRef"`
			} `yaml:"valueFrom"`
		}
		Ports        []struct{ Name string }
		VolumeMounts []struct {
			MountPath string `yaml:"mountPath"`
		} `yaml:"volumeMounts"`
		StartupProbe    map[string]any `yaml:"startupProbe"`
		LivenessProbe   map[string]any `yaml:"livenessProbe"`
		ReadinessProbe  map[string]any `yaml:"readinessProbe"`
		Lifecycle       map[string]any
		SecurityContext struct {
			AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
			ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
			Capabilities             struct{ Drop []string }
		} `yaml:"securityContext"`
		Resources struct{ Limits map[string]string }
	}
}

// deployments returns the Deployment of every app of the description, and fails if there are others.
func deployments(t *testing.T, all objects) map[string]deployment {
	t.Helper()
	found := map[string]deployment{}
	made := all.of("Deployment")
	for _, app := range must.Get(topology.Load(".."))(t).Apps {
		o, ok := made[app.ID]
		if !ok {
			t.Fatalf("%s has no Deployment", app.ID)
		}
		found[app.ID] = specOf[deployment](t, o)
	}
	if len(made) != len(found) {
		t.Errorf("%d Deployments for %d apps", len(made), len(found))
	}
	return found
}

func TestChart_everyAppHasWhatItNeeds(t *testing.T) {
	for name, args := range map[string][]string{"small": small, "production": production} {
		all := render(t, args...)
		accounts, configurations := all.of("ServiceAccount"), all.of("Configuration")
		for id, d := range deployments(t, all) {
			notes, pod := d.Template.Metadata.Annotations, d.Template.Spec
			if _, ok := accounts[id]; !ok || pod.ServiceAccountName != id {
				t.Errorf("%s: %s runs as %q, which has no account of its own", name, id, pod.ServiceAccountName)
			}
			if _, ok := configurations[notes["dapr.io/config"]]; !ok || notes["dapr.io/app-id"] != id || notes["dapr.io/enabled"] != "true" {
				t.Errorf("%s: %s has no sidecar of its own: %v", name, id, notes)
			}
			for _, side := range []string{"api", "app"} {
				if secret := notes["dapr.io/"+side+"-token-secret"]; secret != id+"-token" {
					t.Errorf("%s: the %s token of %s is in %q", name, side, id, secret)
				}
			}
			app := pod.Containers[0]
			tokens := 0
			for _, variable := range app.Env {
				if variable.ValueFrom.SecretKeyRef == (secretKey{id + "-token", "token"}) {
					tokens++
				}
			}
			if tokens != 2 || app.StartupProbe == nil || app.LivenessProbe == nil || app.ReadinessProbe == nil || app.Lifecycle == nil {
				t.Errorf("%s: %s has %d tokens, or a probe is missing", name, id, tokens)
			}
			if len(pod.TopologySpreadConstraints) == 0 || app.Resources.Limits["memory"] == "" {
				t.Errorf("%s: %s may be all on one node, or take all memory", name, id)
			}
		}
	}
}

// What Pod Security refuses at its level restricted, Dapr's sidecars apart.
func TestChart_podsAreRestricted(t *testing.T) {
	all := append(render(t, small...), render(t, production...)...)
	checked := 0
	for _, o := range all {
		var p pod
		switch o.Kind {
		case "Deployment", "StatefulSet", "Job":
			p = specOf[deployment](t, o).Template.Spec
		case "Pod":
			p = specOf[pod](t, o)
		default:
			continue
		}
		checked++
		if !p.SecurityContext.RunAsNonRoot || p.SecurityContext.SeccompProfile.Type != "RuntimeDefault" {
			t.Errorf("%s %s: its user or seccomp profile is refused", o.Kind, o.Metadata.Name)
		}
		for _, c := range p.Containers {
			s := c.SecurityContext
			if s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || !slices.Equal(s.Capabilities.Drop, []string{"ALL"}) || !s.ReadOnlyRootFilesystem {
				t.Errorf("%s %s: %s may do too much", o.Kind, o.Metadata.Name, c.Name)
			}
		}
		if o.Kind != "Job" && (p.AutomountServiceAccountToken == nil || *p.AutomountServiceAccountToken) {
			t.Errorf("%s %s has a token for the cluster's API", o.Kind, o.Metadata.Name)
		}
	}
	if checked < 20 {
		t.Errorf("only %d pods", checked)
	}
}

// Helm keeps the order of a List only: sidecars must not begin before what they load.
func TestChart_sidecarsBeginAfterTheirComponents(t *testing.T) {
	last := ""
	for _, o := range render(t, small...) {
		switch o.Kind {
		case "Component", "Resiliency", "Configuration":
			if last == "Deployment" {
				t.Fatalf("%s %s comes after a Deployment", o.Kind, o.Metadata.Name)
			}
			last = o.Kind
		case "Deployment":
			last = o.Kind
		}
	}
	text := must.Get(template(t, small...))(t)
	_, system, _ := strings.Cut(text, "kind: List\n")
	if !strings.Contains(system, "kind: Deployment") || !strings.Contains(system, `"kind":"Configuration"`) {
		t.Error("the Dapr resources and the Deployments are not in one List")
	}
}
