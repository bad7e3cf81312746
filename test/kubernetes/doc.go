// Package kubernetes runs the whole system on Kubernetes with Dapr's official control plane: on a node of its own, or on the
// cluster that -context names. `make kubernetes-test` builds what it needs.
package kubernetes
