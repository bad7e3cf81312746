package apikey

import (
	"crypto/sha256"
	"maps"
	"sync"
	"time"
)

// maxVerdicts bounds the memory for answers, at about two megabytes.
const maxVerdicts = 10_000

// digest stands for an API key without being one.
type digest [sha256.Size]byte

// verdict is an answer of auth: a grant or a refusal.
type verdict struct {
	grant Grant
	err   error
	asked time.Time
}

// verdicts remembers the latest answers about API keys. It is safe for concurrent use.
type verdicts struct {
	keep time.Duration // how long an answer is of any use

	mu    sync.Mutex
	byKey map[digest]verdict
}

func newVerdicts(keep time.Duration) *verdicts {
	return &verdicts{keep: keep, byKey: map[digest]verdict{}}
}

// get returns the latest answer about a key that is still kept.
func (v *verdicts) get(id digest, now time.Time) (latest verdict, known bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	latest, known = v.byKey[id]
	return latest, known && now.Sub(latest.asked) < v.keep
}

// put remembers an answer. When there is no room, those go that are no longer kept, or all.
func (v *verdicts) put(id digest, answer verdict) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.byKey) >= maxVerdicts {
		maps.DeleteFunc(v.byKey, func(_ digest, old verdict) bool { return answer.asked.Sub(old.asked) >= v.keep })
	}
	if len(v.byKey) >= maxVerdicts {
		clear(v.byKey)
	}
	v.byKey[id] = answer
}

// drop forgets a key.
func (v *verdicts) drop(id digest) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.byKey, id)
}
