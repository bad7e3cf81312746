// Command generate writes what follows from components/topology.yaml and dapr.yaml: `make generate`.
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
