package kubernetes

import (
	"regexp"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/test/system"
)

// What helm leaves: the secrets, without which nobody can use the stored documents, and the disk of the broker.
var left = regexp.MustCompile(`^(secret/stoa-secrets|secret/.*-token|persistentvolumeclaim/data-broker-0)$`)

// What Kubernetes and Dapr put into every namespace.
var given = regexp.MustCompile(`^(serviceaccount/default|configmap/kube-root-ca.crt|configmap/dapr-trust-bundle)$`)

// The last test: nothing but data and keys remains.
func TestUninstall_leavesOnlyData(t *testing.T) {
	c := shared
	if c.node == nil {
		t.Skip("NOT TESTED on another's cluster: that nothing is left after the end")
	}
	must.Get(c.Helm(t.Context(), "uninstall", release, "--namespace", namespace, "--wait", "--timeout", patience.String()))(t)
	kinds := "deployments,statefulsets,jobs,pods,services,serviceaccounts,secrets,configmaps,roles,rolebindings,networkpolicies," +
		"poddisruptionbudgets,persistentvolumeclaims,components,configurations,resiliencies,subscriptions"
	system.Within(t, patience, "nothing is left", func() error {
		out, err := c.Kubectl(t.Context(), "get", kinds, "--namespace", namespace, "--output=name")
		if err != nil {
			return err
		}
		var more unexpected
		for name := range strings.FieldsSeq(out) {
			if !left.MatchString(name) && !given.MatchString(name) {
				more = append(more, name)
			}
		}
		if len(more) > 0 {
			return more
		}
		return nil
	})
}

// unexpected are the names of objects that should be gone.
type unexpected []string

// Error implements error.
func (u unexpected) Error() string { return strings.Join(u, " ") }
