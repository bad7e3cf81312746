package stack

import "testing"

// A process that waits for its restart does not start again when it is stopped.
func TestProcess_stopDuringTheDelayStartsNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, LogFile(dir, "dies"), "")
	spawner := NewSpawner()
	t.Cleanup(spawner.Close)
	starts := 0
	var p *process
	p = newProcess(spec{name: "dies", command: []string{"false"}, dir: dir}, dir, spawner, func(now Process, _ string) {
		switch now.State {
		case StateStarting:
			starts++
		case StateWaiting:
			p.cancel()
		}
	})
	p.start()
	<-p.done
	if starts != 1 || p.snapshot().State != StateStopped {
		t.Errorf("started %d times, and is %s", starts, p.snapshot().State)
	}
}
