package identity

import (
	"context"
	"time"
)

// lookAgain is how often Lasting looks whether a caller may still be served.
const lookAgain = 400 * time.Millisecond

// proof is how a request has shown who its caller is.
type proof struct {
	verifier Verifier
	token    string
}

type proofKey struct{}

// Lasting returns a context for an answer that outlasts the moment in which the caller was checked, such as a stream. It
// ends when the access token expires, and within five seconds of the end of the session; also when nobody can be asked
// about the session any more.
func Lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	p, ok := ctx.Value(proofKey{}).(proof)
	if !ok {
		return context.WithCancel(ctx)
	}
	lasting, end := context.WithDeadline(ctx, CallerOf(ctx).ExpiresAt)
	go func() {
		defer end()
		ticks := time.NewTicker(lookAgain)
		defer ticks.Stop()
		for holds := true; holds; {
			select {
			case <-lasting.Done():
				return
			case <-ticks.C:
				_, err := p.verifier.Verify(lasting, p.token)
				holds = err == nil
			}
		}
	}()
	return lasting, end
}
