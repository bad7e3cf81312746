package domain

import (
	"fmt"
	"testing"
	"time"
)

// A flood from many networks neither grows without bound nor hides the network that is refused again and again.
func TestTally_isBounded(t *testing.T) {
	var day Tally
	now := time.Now()
	const networks = 10 * maxRefusals
	for n := range networks {
		day.add(Refusal{Operation: "sign-in", Status: 401, Of: fmt.Sprint(n), Count: 1, Last: now})
		day.add(Refusal{Operation: "sign-in", Status: 401, Of: "guesser", Count: 1, Last: now})
	}
	guesses, total := 0, day.Others
	for _, r := range day.Items {
		total += r.Count
		if r.Of == "guesser" {
			guesses = r.Count
		}
	}
	if len(day.Items) != maxRefusals || guesses != networks || total != 2*networks {
		t.Errorf("%d refusals, %d of the guesser, %d in all", len(day.Items), guesses, total)
	}
}
