// Command stoa-api-key is the plugin that checks API keys in a real Kong: the code of the built-in gateway, behind Kong's
// protocol for plugins in another process. Kong starts it, asks it by -dump what it is, and then calls it over a socket for
// every request.
//
// Kong takes the name of the file for that of the plugin, so the program must be named stoa-api-key.
package main

import (
	"fmt"
	"os"

	"github.com/Kong/go-pdk/server"
)

// priority places the plugin among those that kong.yml uses; Kong runs the highest first: correlation-id (100001), so that
// a refusal has a request id; cors (2000), since preflights carry no key; request-size-limiting (951); rate-limiting (910),
// so that requests with invented keys count as well, and a flood of them never reaches auth; this one; and proxy-cache
// (100), which must not answer requests without a valid key.
const priority = 905

const version = "1.0.0"

func main() {
	edge := newEdge(os.Getenv("DAPR_API_TOKEN"))
	if err := server.StartServer(func() any { return &Config{edge: edge} }, version, priority); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
