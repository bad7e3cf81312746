package e2e

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"stoa/internal/stack"
	"stoa/test/client"
	"stoa/test/system"
)

// 42 clients at six addresses sign in as fast as they can. Clients at ten other addresses can sign in all the same.
func TestSignIn_isNotDeniedToOthersByACrowdAtSixAddresses(t *testing.T) {
	t.Parallel()
	shop := client.Start(t, system.Folder(t), client.Only(t, "gateway", "auth"), func(o *stack.Options) {
		o.Env["TRUSTED_PROXIES"] = "127.0.0.1" // so that a header says where a request comes from
	})
	ctx, stop := context.WithCancel(t.Context())
	var crowd sync.WaitGroup
	for i := range 42 {
		crowd.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				_, _ = shop.Do(ctx, guessFrom(fmt.Sprintf("192.0.%d.1", i%6), fmt.Sprintf("%d-%d@example.com", i, n)))
			}
		})
	}
	got := map[int]int{}
	for i := range 10 {
		answer := shop.Try(t, guessFrom(fmt.Sprintf("198.51.%d.1", i), client.NewAddress()))
		if got[answer.Status]++; answer.Status != http.StatusUnauthorized {
			t.Log(answer)
		}
	}
	stop()
	crowd.Wait()
	if got[http.StatusUnauthorized] != 10 {
		t.Errorf("others got %v, want 401 ten times", got)
	}
}

// guessFrom is a sign-in with a wrong password from an address.
func guessFrom(address, email string) client.Request {
	request := client.SignInOf(email, "wrong horse")
	request.Header = map[string]string{"X-Forwarded-For": address}
	return request
}
