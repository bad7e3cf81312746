package identity

import (
	"context"
	"time"
)

// lookAgain is how often Lasting checks whether the caller may still be served.
const lookAgain = 400 * time.Millisecond

// proof is how a request has proved who its caller is.
type proof struct {
	verifier Verifier
	token    string
}

type proofKey struct{}

// Lasting returns a context for an answer that takes long, such as a stream. It ends when the access token expires, within
// five seconds of the end of the session, and when auth cannot be asked about the session any more.
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
		for valid := true; valid; {
			select {
			case <-lasting.Done():
				return
			case <-ticks.C:
				_, err := p.verifier.Verify(lasting, p.token)
				valid = err == nil
			}
		}
	}()
	return lasting, end
}
