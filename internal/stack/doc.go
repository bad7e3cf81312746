// Package stack starts, supervises and stops the whole system: the broker, and every app of dapr.yaml with its sidecar.
//
// [New] checks a description of the system, [Stack.Start] starts its processes side by side and restarts those that die,
// [Stack.Stop] drains them. The operator's command and the end-to-end tests both use this package, so the tests run the
// real system. All state is in the folder .stoa below [Options.Dir].
package stack
