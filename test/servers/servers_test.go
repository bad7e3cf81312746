package servers

import (
	"os"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

func TestServers_startAndComeBack(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(kind, func(t *testing.T) {
			if err := Find(kind); err != nil {
				t.Skipf("NOT TESTED: %s %v", kind, err)
			}
			s := must.Get(Start(t.Context(), kind))(t)
			defer s.Stop()
			if s.Version == "" || len(s.Secrets) == 0 {
				t.Errorf("version %q, %d secrets", s.Version, len(s.Secrets))
			}
			t.Log(s.Version)
			if err := s.Kill(); err != nil {
				t.Error(err)
			}
			if err := s.Restart(t.Context()); err != nil {
				t.Error(err)
			}
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
				t.Errorf("something is left: %v", err)
			}
		})
	}
}

func TestFind_namesTheKinds(t *testing.T) {
	if err := Find("oracle"); err == nil || !strings.Contains(err.Error(), "redis") {
		t.Errorf("got %v", err)
	}
}
