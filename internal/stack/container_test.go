package stack

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestInitStateIsDoneOnce(t *testing.T) {
	dir := t.TempDir()
	for _, host := range []string{"broker:14222", "other:14222"} {
		before, _ := readSecrets(dir)
		if err := InitState(dir, host, map[string]string{"REDIS_HOST": host}); err != nil {
			t.Fatal(err)
		}
		after, err := readSecrets(dir)
		if err != nil {
			t.Fatal(err)
		}
		if address, _ := brokerAddress(after); address.Host != host {
			t.Errorf("the broker is at %s, want %s", address.Host, host)
		}
		if after["REDIS_HOST"] != host {
			t.Errorf("what was given is %q, want %s", after["REDIS_HOST"], host)
		}
		if before != nil && before[secretSigning] != after[secretSigning] {
			t.Error("the second run made new secrets")
		}
	}
	for path, want := range map[string]os.FileMode{filepath.Join(dir, StateFolder): 0o700, secretsFile(dir): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want mode %o", path, info, err, want)
		}
	}
}

func TestBrokerMakesTheStreamsOfItsComponents(t *testing.T) {
	root, dir := fixture(t), t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	if err := InitState(dir, address, nil); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- RunBrokerFor(ctx, dir, filepath.Join(root, "components", "bus", "nats"), new(lines)) }()
	eventually(t, "the broker is there", func() bool { return Probe(t.Context(), "tcp://"+address) == nil })
	js := connect(t, &Stack{options: Options{Dir: dir}})
	eventually(t, "the stream is there", func() bool {
		_, err := js.Stream(t.Context(), "orders")
		return err == nil
	})
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := Probe(t.Context(), "tcp://"+address); err == nil {
		t.Error("a broker that has ended still takes connections")
	}
}

func TestOnlyALongOutageEndsTheSidecar(t *testing.T) {
	tests := map[string]struct {
		there string // what each tick, a second apart, sees
		want  bool
	}{
		"always there":      {"++++++", false},
		"short outage":      {"+--+++", false},
		"two short outages": {"--+--+", false},
		"long outage":       {"+----+", true},
		"not back yet":      {"+-----", false},
		"gone from start":   {"-----+", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			ticks := make(chan time.Time)
			go func() {
				defer cancel()
				for i := range tt.there {
					select {
					case ticks <- time.Unix(int64(i), 0):
					case <-ctx.Done():
						return
					}
				}
			}()
			seen := 0
			there := func(context.Context) bool { seen++; return tt.there[seen-1] == '+' }
			if got := outlasted(ctx, ticks, there, 2*time.Second); got != tt.want {
				t.Errorf("got %v after %d ticks, want %v", got, seen, tt.want)
			}
		})
	}
}

func TestSidecarEndsWithItsContainer(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err) // every POSIX system has it
	}
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	if err := RunSidecar(ctx, "127.0.0.1:1", []string{sleep, "60"}); err != nil {
		t.Errorf("stopped from outside: %v", err)
	}
	if err := RunSidecar(t.Context(), "127.0.0.1:1", []string{sleep, "nonsense"}); err == nil {
		t.Error("the failure of the sidecar was not reported")
	}
}
