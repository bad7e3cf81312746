// Package node runs a real Kubernetes cluster of one node for tests, and the programs to use it. All of it is in namespaces of
// its own, which end with their first process, and this one ends with the test: nothing listens on the machine, and nothing is
// left behind. It needs Linux, root, and the programs that `make kubernetes-tools` builds and installs.
package node
