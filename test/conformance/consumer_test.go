package conformance

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"stoa/pkg/common/config"
	"stoa/pkg/messaging"
	"stoa/pkg/sidecar"
)

// What the events of the bus checks look like: those of a topic that only one app receives in these checks.
const (
	topic     = "order-confirmed"
	eventType = "order.confirmed.v1"
	publisher = "order-worker"
	receiver  = "backoffice"
)

// payload numbers the events of a run; each check is a run of its own.
type payload struct {
	Run string `json:"run"`
	N   int    `json:"n"`
}

// order is what a consumer process is told on its standard input.
type order struct {
	Config config.Base
	Run    string
	Work   time.Duration // for each event
}

// consume is the consumer process: it handles the events of a run and writes a line for each, before it acknowledges,
// until its standard input ends. An empty line says that it is subscribed.
func consume(ctx context.Context, in io.Reader, out io.Writer) error {
	input := bufio.NewReader(in)
	line, err := input.ReadBytes('\n')
	if err != nil {
		return err
	}
	var o order
	if err := json.Unmarshal(line, &o); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, input)
		cancel()
	}()
	side, err := sidecar.Open(o.Config)
	if err != nil {
		return err
	}
	defer side.Close()
	consumer, err := newConsumer(side, o.Config.AppID, on(func(ctx context.Context, _ messaging.Event, data payload) error {
		if data.Run != o.Run {
			return nil
		}
		select {
		case <-time.After(o.Work):
		case <-ctx.Done():
		}
		_, err := fmt.Fprintln(out, data.N)
		return err
	}))
	if err != nil {
		return err
	}
	go func() {
		if awaitConnected(ctx, consumer) == nil {
			fmt.Fprintln(out)
		}
	}()
	return consumer.Run(ctx)
}

func newConsumer(side *sidecar.Sidecar, app string, table ...messaging.Subscription) (*messaging.Consumer, error) {
	p, err := messaging.NewPublisher(side.Client(), app)
	if err != nil {
		return nil, err
	}
	return messaging.NewConsumer(side.Client().GrpcClient(), p, zerolog.Nop(), table...)
}

func on(handle func(context.Context, messaging.Event, payload) error) messaging.Subscription {
	return messaging.Subscription{Topic: topic, On: map[string]messaging.Handler{eventType: messaging.Typed(handle)}}
}

// connected says which topic is not received yet.
func connected(c *messaging.Consumer) error {
	for topic, err := range c.Connected() {
		if err != nil {
			return fmt.Errorf("%s: %w", topic, err)
		}
	}
	return nil
}

func awaitConnected(ctx context.Context, c *messaging.Consumer) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for connected(c) != nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// child is a consumer process.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan struct{}
	tally *tally // of what it has handled itself
}

// startChild runs a consumer beside a sidecar of the receiver; what it handles is counted in all, too.
func (r *rig) startChild(t *probe, side, run string, work time.Duration, all *tally) *child {
	t.Helper()
	cfg, err := r.config(side, receiver)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: exec.Command(self, consumerRole), ended: make(chan struct{}), tally: newTally()}
	c.cmd.Stderr = os.Stderr
	stdin, err1 := c.cmd.StdinPipe()
	stdout, err2 := c.cmd.StdoutPipe()
	line, err3 := json.Marshal(order{Config: cfg, Run: run, Work: work})
	if err := errors.Join(err1, err2, err3, c.cmd.Start()); err != nil {
		t.Fatal(err)
	}
	c.stdin = stdin
	subscribed := make(chan struct{})
	go c.read(stdout, subscribed, all)
	t.Cleanup(c.stop)
	if _, err := stdin.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	select {
	case <-subscribed:
	case <-c.ended:
		t.Fatalf("the consumer beside %s ended", side)
	case <-time.After(patience):
		t.Fatalf("the consumer beside %s is not subscribed after %s", side, patience)
	}
	return c
}

func (c *child) read(out io.Reader, subscribed chan<- struct{}, all *tally) {
	defer close(c.ended)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			close(subscribed)
			continue
		}
		c.tally.add(n)
		all.add(n)
	}
	_ = c.cmd.Wait()
}

// stop lets it finish what it is at; kill does not.
func (c *child) stop() {
	_ = c.stdin.Close()
	<-c.ended
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	<-c.ended
}

// tally counts how often each event was handled.
type tally struct {
	mu    sync.Mutex
	times map[int]int
}

func newTally() *tally { return &tally{times: map[int]int{}} }

func (l *tally) add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.times[n]++
}

func (l *tally) of(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.times[n]
}

// distinct is how many events were handled, and runs how often that was done in all.
func (l *tally) distinct() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.times)
}

func (l *tally) runs() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := 0
	for _, times := range l.times {
		sum += times
	}
	return sum
}

// missing complains unless all events below n were handled.
func (l *tally) missing(n int) error { return l.fewer(n, n) }

// fewer complains unless at least that many of n events were handled.
func (l *tally) fewer(least, n int) error {
	if got := l.distinct(); got < least {
		return fmt.Errorf("%d of %d events were handled", got, n)
	}
	return nil
}
