package kubernetes

import (
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/test/system"
)

// What helm leaves: the secrets, without which the stored documents are lost, and the disk of the broker.
var left = []string{"secret/stoa-secrets", "persistentvolumeclaim/"}

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
			if name != "serviceaccount/default" && name != "configmap/kube-root-ca.crt" && name != "configmap/dapr-trust-bundle" &&
				!slices.ContainsFunc(left, func(known string) bool { return strings.HasPrefix(name, known) }) {
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
