package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"stoa/pkg/identity/signing"
)

// authApp is the app that signs.
const authApp = "auth"

const (
	// pickUpLimit is how long auth may take until it publishes changed keys.
	pickUpLimit = time.Minute
	// pickUpPoll is how often it is looked at meanwhile.
	pickUpPoll = 50 * time.Millisecond
)

// SigningKeys reads the keys that access tokens are signed with from the state directory dir.
func SigningKeys(dir string) (signing.Bundle, error) {
	secrets, err := readSecrets(dir)
	if err != nil {
		return nil, err
	}
	keys, err := signing.Parse(secrets[secretSigning])
	if err != nil {
		return nil, brokenSecret(dir, secretSigning, err)
	}
	return keys, nil
}

// RotateSigningKeys makes the next key sign and publishes a new one ahead. In a system that runs, it waits until everybody
// knows the next key before, and until auth has taken the keys over after, one replica after another; what it waits for is
// told to say. When it fails half-way, the system goes on with the keys that it has, and doing it again is right.
func RotateSigningKeys(ctx context.Context, dir string, say func(line string)) (signing.Bundle, error) {
	lock, err := lockFile(filepath.Join(dir, StateFolder, "signing.lock"))
	if errors.Is(err, errLocked) {
		return nil, errors.New("the signing keys are being changed by somebody else right now")
	}
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	r := rotation{ctx: ctx, dir: dir, running: Running(dir), say: say}
	if r.running {
		if err := r.check(); err != nil {
			return nil, err
		}
	}
	if err := r.settle(); err != nil {
		return nil, err
	}
	return r.change(func(keys signing.Bundle) (signing.Bundle, error) { return keys.Rotate(time.Now()) })
}

// rotation is a change of the signing keys under way.
type rotation struct {
	ctx     context.Context
	dir     string
	running bool
	say     func(string)
}

// check refuses where changed secrets would not reach auth.
func (r rotation) check() error {
	record, err := ReadRecord(r.dir)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(record.Processes, isAuthSidecar) {
		return errors.New("auth runs, if it does, without `stoa up`; stop it, or change the secret by hand: see docs/decisions/0014")
	}
	resources, err := LoadResources(record.Folders...)
	if err != nil {
		return err
	}
	for _, resource := range resources {
		store := resource.Spec.Type
		if resource.Name() == "secrets" && store != fileStore && store != environmentStore {
			return fmt.Errorf("the secrets are in %s and not in %s; rotate them there: see docs/decisions/0014",
				store, shortPath(secretsFile(r.dir)))
		}
	}
	return nil
}

func isAuth(p Process) bool        { return p.App == authApp && p.Kind == KindApp }
func isAuthSidecar(p Process) bool { return p.App == authApp && p.Kind == KindSidecar }

// settle returns when the next key may sign. Where there is none yet, one is published; where auth does not know it, because
// an earlier rotation broke off, it is handed over first: a key that signs in the moment in which it is published would have
// valid tokens refused.
func (r rotation) settle() error {
	keys, err := SigningKeys(r.dir)
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
		if err := r.handOver(keys); err != nil {
			return err
		}
		wait = signing.LeadTime
	}
	if !r.running || wait <= 0 {
		return nil
	}
	r.say(fmt.Sprintf("the next key is new; it signs in %s, once everybody knows it", wait.Round(time.Second)))
	return r.sleep(wait)
}

// change writes changed keys and has a running system take them over.
func (r rotation) change(change func(signing.Bundle) (signing.Bundle, error)) (signing.Bundle, error) {
	secrets, err := readSecrets(r.dir)
	if err != nil {
		return nil, err
	}
	keys, err := signing.Parse(secrets[secretSigning])
	if err != nil {
		return nil, brokenSecret(r.dir, secretSigning, err)
	}
	if keys, err = change(keys); err != nil {
		return nil, err
	}
	secrets[secretSigning] = keys.String()
	if err := writePrivate(secretsFile(r.dir), secrets); err != nil {
		return nil, err
	}
	if !r.running {
		return keys, nil
	}
	return keys, r.handOver(keys)
}

// handOver restarts the sidecars of auth, which read the secrets when they start, one after another, so that of several
// replicas one is always there. Auth itself reads the keys again every two seconds.
func (r rotation) handOver(keys signing.Bundle) error {
	ctx, cancel := context.WithTimeout(r.ctx, pickUpLimit)
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
		r.say("restarting " + sidecar.Name + ", so that it reads the secrets")
		if err := syscall.Kill(sidecar.PID, syscall.SIGTERM); err != nil {
			return fmt.Errorf("cannot restart %s, pid %d: %w", sidecar.Name, sidecar.PID, err)
		}
		if err := r.awaitKeys(sidecar, keys); err != nil {
			return err
		}
	}
	return nil
}

// awaitKeys waits until the supervisor has replaced a sidecar and the app beside it publishes these keys.
func (r rotation) awaitKeys(before Process, keys signing.Bundle) error {
	for {
		err := r.takenOver(before, keys)
		if err == nil {
			return nil
		}
		if waiting := r.sleep(pickUpPoll); waiting != nil {
			return fmt.Errorf("auth has not taken the new keys over: %w; what it has still serves, and %s holds the new ones: "+
				"try again", err, shortPath(secretsFile(r.dir)))
		}
	}
}

func (r rotation) takenOver(before Process, keys signing.Bundle) error {
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

// publishedByAll asks all replicas of auth whether their key sets are this one.
func (r rotation) publishedByAll(keys signing.Bundle) bool {
	record, err := ReadRecord(r.dir)
	return err == nil && !slices.ContainsFunc(record.Processes, func(p Process) bool {
		return isAuth(p) && r.published(p, keys) != nil
	})
}

// published asks a replica of auth whether its key set is this one.
func (r rotation) published(app Process, keys signing.Bundle) error {
	tokens, err := ensureTokens(r.dir)
	if err != nil {
		return err
	}
	url := fmt.Sprintf("http://%s:%d/api/v1/auth/.well-known/jwks.json", loopback, app.Ports[PortApp])
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

func (r rotation) sleep(wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}
