package kubernetes

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

// inNoExample are values that change objects and that no example has.
const inNoExample = "kong.enabled=true,kong.image=localhost/kong:1,certificates=authorities,dapr.nativeSidecar=false,broker.storage.enabled=false," +
	"service.type=LoadBalancer,service.externalTrafficPolicy=Local"

// The API server accepts every file that is meant for Kubernetes, and refuses fields that it does not know.
func TestFiles_areAccepted(t *testing.T) {
	c := shared
	const empty = "stoa-empty" // objects that exist would be compared with what they were
	must.Do(t, c.makeNamespace(t.Context(), empty))
	t.Cleanup(func() { must.Get(c.Kubectl(context.Background(), "delete", "namespace", empty, "--wait=false"))(t) })
	for _, folder := range []string{"bus", "store", "base", "config"} {
		must.Get(c.Kubectl(t.Context(), "apply", "--dry-run=server", "--validate=strict", "--namespace", empty,
			"--recursive", "--filename", filepath.Join(c.root, "components", folder)))(t)
	}
	if c.node != nil {
		must.Do(t, c.defineKinds(t.Context()))
	}
	var server struct{ GitVersion string }
	must.Do(t, json.Unmarshal([]byte(must.Get(c.Kubectl(t.Context(), "get", "--raw=/version"))(t)), &server))
	served := map[string]bool{}
	for version := range strings.FieldsSeq(must.Get(c.Kubectl(t.Context(), "api-versions"))(t)) {
		served[version] = true
	}
	examples := [][]string{{"--values", c.chart("values-small.yaml"), "--set", inNoExample}}
	for _, values := range must.Get(filepath.Glob(c.chart("values-*.yaml")))(t) {
		examples = append(examples, []string{"--values", values})
	}
	for _, values := range examples {
		rendered := must.Get(c.Helm(t.Context(), append([]string{
			"template", release, c.chart(), "--kube-version", server.GitVersion, "--namespace", empty,
			"--set", "secrets.values.POSTGRES_URL=postgres://stoa@db/stoa",
		}, values...)...))(t)
		var known, unknown []string
		for document := range strings.SplitSeq(rendered, "\n---\n") {
			switch version := apiVersion(document); {
			case version == "":
			case served[version]:
				known = append(known, document)
			default:
				unknown = append(unknown, version)
			}
		}
		must.Get(c.KubectlWith(t.Context(), strings.Join(known, "\n---\n"), "apply", "--dry-run=server", "--validate=strict",
			"--namespace", empty, "--filename", "-"))(t)
		t.Logf("%s: %d documents are accepted", values, len(known))
		switch {
		case len(unknown) > 0 && c.node != nil:
			t.Errorf("the node does not know %v", unknown)
		case len(unknown) > 0:
			t.Logf("NOT TESTED, since this cluster does not know them: %v", unknown)
		}
	}
}

// apiVersion is that of an object in YAML, "" if there is none.
func apiVersion(document string) string {
	for line := range strings.Lines(document) {
		if version, found := strings.CutPrefix(line, "apiVersion: "); found {
			return strings.TrimSpace(version)
		}
	}
	return ""
}

// `helm test` is what people run first.
func TestChart_testsItself(t *testing.T) {
	must.Get(shared.Helm(t.Context(), "test", release, "--namespace", namespace, "--timeout", patience.String()))(t)
	t.Logf("the first order was placed %.1f s after the installation began", shared.firstOrder.Seconds())
}
