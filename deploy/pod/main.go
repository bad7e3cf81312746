// Command pod does nothing until it is told to stop. Its container owns the network namespace that an app and its sidecar
// share. So each of the two can die and come back without cutting the other off: a namespace ends with the container that
// it was made for.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
}
