package kubernetes

import (
	"path/filepath"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

// The API server accepts every file that is meant for Kubernetes, and refuses fields that it does not know.
func TestFiles_areAccepted(t *testing.T) {
	c := shared
	const empty = "empty" // a namespace: objects that exist are compared with what they were
	must.Do(t, c.makeNamespace(t.Context(), empty))
	for _, folder := range []string{"bus", "store", "base", "config"} {
		must.Get(c.Kubectl(t.Context(), "apply", "--dry-run=server", "--validate=strict", "--namespace", empty,
			"--recursive", "--filename", filepath.Join(c.root, "components", folder)))(t)
	}
	served := map[string]bool{}
	for version := range strings.FieldsSeq(must.Get(c.Kubectl(t.Context(), "api-versions"))(t)) {
		served[version] = true
	}
	for _, values := range must.Get(filepath.Glob(c.chart("values-*.yaml")))(t) {
		rendered := must.Get(c.Helm(t.Context(), "template", release, c.chart(), "--namespace", empty, "--values", values,
			"--set", "secrets.values.POSTGRES_URL=postgres://stoa@db/stoa"))(t)
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
		t.Logf("%s: %d objects are accepted; NOT TESTED, since this cluster does not know them: %v", filepath.Base(values), len(known), unknown)
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
}
