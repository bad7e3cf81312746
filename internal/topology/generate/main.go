// Command generate writes all files that are generated from components/topology.yaml and dapr.yaml, for `make generate`.
package main

import (
	"fmt"
	"os"

	"stoa/internal/topology"
)

func main() {
	if err := topology.Write("."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
