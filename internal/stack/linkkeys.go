package stack

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
	"stoa/pkg/identity/signing"
)

// linkApp is the app that signs the links in mails.
const linkApp = "notification"

// RotateLinkKeys makes the next key for the links in mails the current one, and adds a new next key. Links of earlier keys stay
// valid for as long as links are. Every replica knows the next key already, so nothing has to be waited for before; in a running
// system, the sidecars of notification restart one after another to read the secret. Another call is safe if it fails.
func RotateLinkKeys(ctx context.Context, dir string, say func(line string)) (signing.Bundle, error) {
	lock, err := state.Lock(state.Path(dir, "signing.lock"))
	if errors.Is(err, state.ErrLocked) {
		return nil, errors.New("another process is changing the keys")
	}
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	ctx, cancel := context.WithTimeout(ctx, publishLimit)
	defer cancel()
	r := keyRotation{ctx: ctx, dir: dir, running: Running(dir), say: say}
	if r.running {
		if err := r.check(linkApp); err != nil {
			return nil, err
		}
	}
	keys, err := secrets.ChangeLinkKeys(dir, func(keys signing.Bundle) (signing.Bundle, error) {
		return keys.Prepare(time.Now()).RotateAfter(time.Now(), signing.LinkTTL)
	})
	if err != nil || !r.running {
		return keys, err
	}
	return keys, r.restartSidecars(linkApp)
}

// restartSidecars restarts the sidecars of an app one after another, so that other replicas can answer.
func (r keyRotation) restartSidecars(app string) error {
	record, err := ReadRecord(r.dir)
	if err != nil {
		return err
	}
	for _, sidecar := range record.Processes {
		if sidecar.App != app || sidecar.Kind != KindSidecar {
			continue
		}
		r.say("restarting " + sidecar.Name + " to read the changed secrets")
		if err := syscall.Kill(sidecar.PID, syscall.SIGTERM); err != nil {
			return fmt.Errorf("cannot restart %s, pid %d: %w", sidecar.Name, sidecar.PID, err)
		}
		for !r.restarted(sidecar) {
			if err := r.sleep(publishPoll); err != nil {
				return fmt.Errorf("%s is not ready again: %w", sidecar.Name, err)
			}
		}
		r.awaitCallers()
	}
	return nil
}

// restarted reports whether a sidecar runs again.
func (r keyRotation) restarted(before Process) bool {
	record, err := ReadRecord(r.dir)
	if err != nil {
		return false
	}
	for _, p := range record.Processes {
		if p.Name == before.Name {
			return p.PID != before.PID && p.State == StateReady
		}
	}
	return false
}
