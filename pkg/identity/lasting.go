package identity

import (
	"context"
	"time"
)

// checkInterval is how often Lasting verifies the token again.
const checkInterval = 400 * time.Millisecond

// credential is the token of a request and what verified it.
type credential struct {
	verifier Verifier
	token    string
}

type credentialKey struct{}

// Lasting returns a context for an answer that takes long, such as a stream. The context ends when the access token would be
// refused: when it has expired, within five seconds after the session has ended, or when auth has not answered for that long.
func Lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	given, ok := ctx.Value(credentialKey{}).(credential)
	if !ok {
		return context.WithCancel(ctx)
	}
	lasting, end := context.WithCancel(ctx)
	go func() {
		defer end()
		ticks := time.NewTicker(checkInterval)
		defer ticks.Stop()
		for valid := true; valid; {
			select {
			case <-lasting.Done():
				return
			case <-ticks.C:
				_, err := given.verifier.Verify(lasting, given.token)
				valid = err == nil
			}
		}
	}()
	return lasting, end
}
