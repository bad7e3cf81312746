// Package e2e tests the whole system on its real processes, through the gateway, as people use it.
package e2e

import (
	"os"
	"testing"

	"stoa/pkg/common/must"
	"stoa/test/client"
)

// shop is the system that the tests of this package share; those that break something borrow one, or start their own.
var shop *client.Shop

func TestMain(m *testing.M) {
	for name, value := range map[string]string{"SMTP_USER": smtpUser, "SMTP_PASSWORD": smtpPassword} {
		if err := os.Setenv(name, value); err != nil { // only components/base/server looks here
			panic(err)
		}
	}
	os.Exit(client.Main(m, func(started *client.Shop) error {
		shop = started
		return nil
	}))
}

// freeze stops a process in the middle of what it does. The result, or the end of the test, lets it go on.
func freeze(t *testing.T, shop *client.Shop, name string) (thaw func()) {
	t.Helper()
	must.Do(t, shop.Freeze(name))
	thaw = func() { must.Do(t, shop.Thaw(name)) }
	t.Cleanup(thaw)
	return thaw
}
