package sidecar

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/must"
)

// Callers who wait for the call of another count as callers, unless the app has answered somebody meanwhile.
func TestBreaker_countsThoseWhoShareACall(t *testing.T) {
	for name, tt := range map[string]struct {
		took     time.Duration
		answered bool
		want     string
	}{
		"in vain":                      {callTimeout, false, "open"},
		"not for long":                 {keptWaiting / 2, false, "closed"},
		"while the app answers others": {callTimeout, true, "closed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{status: http.StatusOK}
				side, _ := w.beside(t)
				crowd := side.Crowd("app")
				time.Sleep(time.Hour)
				if tt.answered {
					must.Do(t, kinds["HTTP"](t.Context(), w, side))
				}
				for range tripAfter {
					crowd.Waited(tt.took)
				}
				if got := side.Breakers()["app"]; got != tt.want || crowd.Closed() != (tt.want == "closed") {
					t.Errorf("it is %s, want %s", got, tt.want)
				}
			})
		})
	}
}
