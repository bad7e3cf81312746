// Package providers is what the domain needs from outside: events, password hashes and access tokens.
package providers

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"stoa/pkg/common/errs"
	"stoa/services/auth/internal/domain"
)

// The cost of a hash, as OWASP advises for Argon2id. A hash contains its parameters, so these may change.
const (
	// Memory is the cost in KiB. Only tests that hash for other reasons take less.
	Memory      = 19 << 10
	passes      = 2
	parallelism = 1
	saltSize    = 16
	hashSize    = 32
)

// maxWaiting is how many callers may wait to hash. With one core, the last of them waits for a second or two; more callers
// are told at once to try again later. keptPlaces of them are for networks from which the account was signed in to before.
const (
	maxWaiting = 32
	keptPlaces = 8
)

// retryAfter is how much later.
const retryAfter = 2 * time.Second

// keepMemory is how long the memory of hashes is kept for the next one. Then it goes back to the system: Go alone would keep it
// for minutes, and a garbage collection is cheap for a process that has little else in memory.
const keepMemory = 10 * time.Second

// Passwords implements domain.Passwords with Argon2id. A hash takes a core and 19 MiB, so hashes use half of the cores at
// most.
type Passwords struct {
	memory uint32 // KiB
	line   *places
	decoy  phc
	keep   time.Duration
	unused *time.Timer // ends when nobody has hashed for keep, and frees the memory
}

// NewPasswords returns the hasher, whose hashes take so many KiB. A process needs one, because the limit counts for all who share it.
func NewPasswords(memory uint32) *Passwords {
	return newPasswords(memory, max(1, runtime.GOMAXPROCS(0)/2), keepMemory)
}

func newPasswords(memory uint32, slots int, keep time.Duration) *Passwords {
	decoy := phc{memory: memory, passes: passes, parallelism: parallelism, salt: randomSalt(), hash: make([]byte, hashSize)}
	return &Passwords{
		memory: memory, line: newPlaces(slots+maxWaiting, keptPlaces, slots), decoy: decoy,
		keep: keep, unused: time.AfterFunc(keep, debug.FreeOSMemory),
	}
}

// Hash implements domain.Passwords.
func (p *Passwords) Hash(ctx context.Context, from domain.Origin, password string) (string, error) {
	place, ok := p.line.take(from)
	if !ok {
		return "", crowded(nil)
	}
	defer place.leave()
	made := phc{memory: p.memory, passes: passes, parallelism: parallelism, salt: randomSalt(), hash: make([]byte, hashSize)}
	hash, err := p.derive(ctx, place, made, password)
	made.hash = hash
	return made.String(), err
}

// Matches implements domain.Passwords.
func (p *Passwords) Matches(
	ctx context.Context, from domain.Origin, hash, password string, begin func() error,
) (bool, error) {
	known, err := p.decoy, error(nil)
	if hash != "" {
		if known, err = parsePHC(hash); err != nil {
			return false, err
		}
	}
	place, ok := p.line.take(from)
	if !ok {
		return false, crowded(nil)
	}
	defer place.leave()
	if err := begin(); err != nil {
		return false, err
	}
	got, err := p.derive(ctx, place, known, password)
	return err == nil && hash != "" && subtle.ConstantTimeCompare(got, known.hash) == 1, err
}

// Outdated implements domain.Passwords.
func (p *Passwords) Outdated(hash string) bool {
	h, err := parsePHC(hash)
	return err != nil || h.memory != p.memory || h.passes != passes || h.parallelism != parallelism || len(h.hash) != hashSize
}

// derive computes a hash with the parameters and the size of another one, when the caller's turn has come.
func (p *Passwords) derive(ctx context.Context, place *place, like phc, password string) (hash []byte, err error) {
	defer p.unused.Reset(p.keep)
	err = place.run(ctx, func() {
		size := uint32(len(like.hash)) //nolint:gosec // a few dozen bytes
		hash = argon2.IDKey([]byte(password), like.salt, like.passes, like.memory, like.parallelism, size)
	})
	if err != nil {
		err = crowded(err)
	}
	return hash, err
}

func crowded(cause error) error {
	return &errs.Error{
		Kind: errs.Unavailable, Message: "too many people are signing in; try again in a moment", Cause: cause,
		RetryAfter: retryAfter,
	}
}

func randomSalt() []byte {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails, by its contract
	return salt
}

// phcParameters is the beginning of a PHC string of Argon2id.
const phcParameters = "$argon2id$v=%d$m=%d,t=%d,p=%d$"

// phc is a hash and its parameters. Its text is in the PHC string format, which other implementations of Argon2 read too.
type phc struct {
	memory, passes uint32
	parallelism    uint8
	salt, hash     []byte
}

// String implements fmt.Stringer.
func (h phc) String() string {
	return fmt.Sprintf(phcParameters+"%s$%s", argon2.Version, h.memory, h.passes, h.parallelism,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.hash))
}

// parsePHC reads what String wrote.
func parsePHC(text string) (phc, error) {
	var h phc
	var version int
	var secrets string
	_, err := fmt.Sscanf(text, phcParameters+"%s", &version, &h.memory, &h.passes, &h.parallelism, &secrets)
	salt, hash, _ := strings.Cut(secrets, "$")
	if err == nil {
		h.salt, err = base64.RawStdEncoding.DecodeString(salt)
	}
	if err == nil {
		h.hash, err = base64.RawStdEncoding.DecodeString(hash)
	}
	if err == nil && (version != argon2.Version || h.passes == 0 || h.parallelism == 0 || len(h.hash) == 0) {
		err = errors.New("its version or a parameter is not supported")
	}
	if err != nil {
		return h, fmt.Errorf("a stored password hash cannot be read: %w", err)
	}
	return h, nil
}
