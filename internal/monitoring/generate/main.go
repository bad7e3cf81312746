// Command generate writes deploy/observability, for `make generate`.
package main

import (
	"fmt"
	"os"

	"stoa/internal/monitoring"
)

func main() {
	if err := monitoring.Write("."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
