// Package e2e tests the whole system on its real processes, through the gateway, as people use it.
package e2e

import (
	"os"
	"testing"

	"stoa/test/client"
)

// shop is the system that the tests of this package share; those that break something start their own.
var shop *client.Shop

func TestMain(m *testing.M) {
	os.Exit(client.Main(m, func(started *client.Shop) error {
		shop = started
		return nil
	}))
}
