// Command generate writes docs/performance.md and its pictures from docs/performance.json. Run it in the root of the repository.
package main

import (
	"fmt"
	"os"

	"stoa/bench/report"
)

func main() {
	if err := report.Generate("docs/performance.json"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
