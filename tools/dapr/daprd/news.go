//go:build !former

package main

import (
	"github.com/dapr/dapr/cmd/daprd/options"
	"github.com/dapr/dapr/pkg/runtime"
)

// tellNews adds what the version before, which former.mod pins, has no argument for.
func tellNews(told *runtime.Config, given *options.Options) {
	told.HotReloadReconcileInterval = given.HotReloadReconcileInterval
}
