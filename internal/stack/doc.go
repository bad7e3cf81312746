// Package stack starts and stops the whole system: the broker, and for every app of dapr.yaml the app and its sidecar.
//
// A [Description] says what there is to run, [New] turns it into processes, [Stack.Start] brings them up side by side and
// restarts what dies, [Stack.Stop] drains them. The operator's command and the end-to-end tests use the same package, so
// that what is tested is what runs. All that persists lives in the state directory, .stoa below [Options.Dir].
package stack
