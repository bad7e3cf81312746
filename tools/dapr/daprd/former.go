//go:build former

package main

import (
	"github.com/dapr/dapr/cmd/daprd/options"
	"github.com/dapr/dapr/pkg/runtime"
)

func tellNews(*runtime.Config, *options.Options) {}
