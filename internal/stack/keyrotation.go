package stack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"syscall"
	"time"

	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/internal/stack/state"
	"stoa/pkg/identity/signing"
)

// authApp is the app that signs access tokens.
const authApp = "auth"

const (
	// publishLimit is how long the replicas of auth may take together to publish changed keys.
	publishLimit = time.Minute
	// publishPoll is how often auth is asked meanwhile.
	publishPoll = 50 * time.Millisecond
)

// RotateSigningKeys makes the next key the current one and adds a new next key. In a running system it first waits until
// every service knows the next key. Then it restarts the sidecars of auth one after another, and returns when each replica
// publishes the new keys. It passes what it waits for to say. If it fails, the system continues with the keys that it uses,
// and another call is safe.
func RotateSigningKeys(ctx context.Context, dir string, say func(line string)) (signing.Bundle, error) {
	lock, err := state.Lock(state.Path(dir, "signing.lock"))
	if errors.Is(err, state.ErrLocked) {
		return nil, errors.New("another process is changing the signing keys")
	}
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	r := keyRotation{ctx: ctx, dir: dir, running: Running(dir), say: say}
	if r.running {
		if err := r.check(authApp); err != nil {
			return nil, err
		}
	}
	if err := r.awaitNext(); err != nil {
		return nil, err
	}
	return r.change(func(keys signing.Bundle) (signing.Bundle, error) { return keys.Rotate(time.Now()) })
}

// keyRotation is one run of RotateSigningKeys.
type keyRotation struct {
	ctx     context.Context
	dir     string
	running bool
	say     func(string)
}

// check fails if an app would not read the changed secrets.
func (r keyRotation) check(app string) error {
	record, err := ReadRecord(r.dir)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(record.Processes, func(p Process) bool { return p.App == app && p.Kind == KindSidecar }) {
		return fmt.Errorf("`stoa up` does not run %[1]s here; stop %[1]s, or change the secret by hand: see docs/decisions/0014", app)
	}
	resources, err := description.LoadResources(record.Folders...)
	if err != nil {
		return err
	}
	for _, resource := range resources {
		store := resource.Spec.Type
		if resource.Name() == "secrets" && store != secrets.FileStore && store != secrets.EnvironmentStore {
			return fmt.Errorf("the secrets are in %s, not in %s; rotate the keys there: see docs/decisions/0014",
				store, state.ShortPath(secrets.Path(r.dir)))
		}
	}
	return nil
}

func isAuth(p Process) bool        { return p.App == authApp && p.Kind == KindApp }
func isAuthSidecar(p Process) bool { return p.App == authApp && p.Kind == KindSidecar }

// awaitNext returns when the next key may sign: a key that signs as soon as it is published is unknown to services, which
// refuse its tokens. It creates a missing next key, and publishes one that an interrupted rotation has left unpublished.
func (r keyRotation) awaitNext() error {
	keys, err := secrets.SigningKeys(r.dir)
	if err != nil {
		return err
	}
	if _, ok := keys.Find(signing.Next); !ok {
		keys, err = r.change(func(keys signing.Bundle) (signing.Bundle, error) { return keys.Prepare(time.Now()), nil })
		if err != nil {
			return err
		}
	}
	wait := time.Until(keys.SignsFrom())
	if r.running && !r.publishedByAll(keys) {
		if err := r.publish(keys); err != nil {
			return err
		}
		wait = signing.LeadTime
	}
	if !r.running || wait <= 0 {
		return nil
	}
	r.say(fmt.Sprintf("the next key is new; it signs in %s, when every service knows it", wait.Round(time.Second)))
	return r.sleep(wait)
}

// change writes changed keys and publishes them in a running system.
func (r keyRotation) change(change func(signing.Bundle) (signing.Bundle, error)) (signing.Bundle, error) {
	keys, err := secrets.ChangeSigningKeys(r.dir, change)
	if err != nil || !r.running {
		return keys, err
	}
	return keys, r.publish(keys)
}

// publish restarts the sidecars of auth, because they read the secrets only when they start. auth then reads the keys from
// its sidecar, which it does every two seconds. The sidecars restart one after another, so that other replicas can answer.
func (r keyRotation) publish(keys signing.Bundle) error {
	ctx, cancel := context.WithTimeout(r.ctx, publishLimit)
	defer cancel()
	r.ctx = ctx
	record, err := ReadRecord(r.dir)
	if err != nil {
		return err
	}
	for _, sidecar := range record.Processes {
		if !isAuthSidecar(sidecar) {
			continue
		}
		r.say("restarting " + sidecar.Name + " to read the changed secrets")
		if err := syscall.Kill(sidecar.PID, syscall.SIGTERM); err != nil {
			return fmt.Errorf("cannot restart %s, pid %d: %w", sidecar.Name, sidecar.PID, err)
		}
		if err := r.awaitKeys(sidecar, keys); err != nil {
			return err
		}
		r.awaitCallers()
	}
	return nil
}

// awaitCallers waits until all apps are ready. A sidecar that has called the restarted one in vain tries again after a second or
// two, and its app is not ready until then.
func (r keyRotation) awaitCallers() {
	for {
		err := r.notReady()
		if err == nil {
			return
		}
		if r.sleep(publishPoll) != nil {
			r.say(err.Error())
			return
		}
	}
}

// notReady returns an error if an app is not ready.
func (r keyRotation) notReady() error {
	record, err := ReadRecord(r.dir)
	if err != nil {
		return err
	}
	for _, p := range record.Processes {
		port := cmp.Or(p.Ports[description.PortProbe], p.Ports[description.PortApp])
		if p.Kind != KindApp || port == 0 {
			continue
		}
		if err := answers(readyURL(port))(r.ctx); err != nil {
			return fmt.Errorf("%s is not ready: %w", p.Name, err)
		}
	}
	return nil
}

// awaitKeys waits until a sidecar was restarted and its app publishes these keys.
func (r keyRotation) awaitKeys(before Process, keys signing.Bundle) error {
	for {
		err := r.replaced(before, keys)
		if err == nil {
			return nil
		}
		if waiting := r.sleep(publishPoll); waiting != nil {
			return fmt.Errorf("auth does not publish the new keys: %w; it still uses the earlier ones, but %s contains the new ones; "+
				"try again", err, state.ShortPath(secrets.Path(r.dir)))
		}
	}
}

// replaced returns an error until the sidecar has been restarted and its app publishes these keys.
func (r keyRotation) replaced(before Process, keys signing.Bundle) error {
	record, err := ReadRecord(r.dir)
	if err != nil {
		return err
	}
	for _, p := range record.Processes {
		switch {
		case p.Name == before.Name && (p.PID == before.PID || p.State != StateReady):
			return fmt.Errorf("%s is not ready again", p.Name)
		case isAuth(p) && p.Replica == before.Replica:
			if err := r.published(p, keys); err != nil {
				return err
			}
		}
	}
	return nil
}

// publishedByAll reports whether all replicas of auth publish these keys.
func (r keyRotation) publishedByAll(keys signing.Bundle) bool {
	record, err := ReadRecord(r.dir)
	return err == nil && !slices.ContainsFunc(record.Processes, func(p Process) bool {
		return isAuth(p) && r.published(p, keys) != nil
	})
}

// published returns an error unless a replica of auth publishes these keys.
func (r keyRotation) published(app Process, keys signing.Bundle) error {
	tokens, err := secrets.EnsureTokens(r.dir)
	if err != nil {
		return err
	}
	url := fmt.Sprintf("http://%s:%d/api/v1/auth/.well-known/jwks.json", description.Loopback, app.Ports[description.PortApp])
	request, err := http.NewRequestWithContext(r.ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("dapr-api-token", tokens.App)
	answer, err := probes.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var set struct{ Keys []struct{ Kid string } }
	if err := json.NewDecoder(answer.Body).Decode(&set); err != nil {
		return err
	}
	same := len(set.Keys) == len(keys)
	for i := range set.Keys {
		same = same && set.Keys[i].Kid == keys[i].ID()
	}
	if !same {
		return fmt.Errorf("%s still publishes other keys", app.Name)
	}
	return nil
}

func (r keyRotation) sleep(wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}
