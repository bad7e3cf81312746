package main

import (
	"crypto/sha256"
	"maps"
	"sync"
	"time"
)

const (
	// verdictAge is how long an answer about a key holds: a revoked key is dead after it.
	verdictAge = 5 * time.Second
	// maxVerdicts bounds the memory for answers, at about a megabyte.
	maxVerdicts = 10_000
)

// keyID stands for an API key without being one.
type keyID [sha256.Size]byte

// verdicts remembers the latest answers about API keys. It is safe for concurrent use.
type verdicts struct {
	mu    sync.Mutex
	byKey map[keyID]verdict
}

type verdict struct {
	err   error
	asked time.Time
}

func newVerdicts() *verdicts { return &verdicts{byKey: map[keyID]verdict{}} }

// get returns whether there is an answer about a key that still holds, and the answer.
func (v *verdicts) get(id keyID, now time.Time) (known bool, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	latest, ok := v.byKey[id]
	if !ok || now.Sub(latest.asked) >= verdictAge {
		return false, nil
	}
	return true, latest.err
}

// put remembers an answer from the moment on at which it was asked for. When there is no room, old answers go, or all.
func (v *verdicts) put(id keyID, err error, asked time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.byKey) >= maxVerdicts {
		maps.DeleteFunc(v.byKey, func(_ keyID, old verdict) bool { return asked.Sub(old.asked) >= verdictAge })
	}
	if len(v.byKey) >= maxVerdicts {
		clear(v.byKey)
	}
	v.byKey[id] = verdict{err: err, asked: asked}
}
