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
	"time"

	"github.com/rs/zerolog"

	"stoa/pkg/common/config"
	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
	"stoa/pkg/sidecar"
	"stoa/test/system"
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
	side, err := sidecar.Open(o.Config, zerolog.Nop())
	if err != nil {
		return err
	}
	defer side.Close()
	consumer, err := system.NewConsumer(side, o.Config.AppID, on(func(ctx context.Context, _ messaging.Event, data payload) error {
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

func on(handle func(context.Context, messaging.Event, payload) error) messaging.Subscription {
	return messaging.Subscription{Topic: topic, On: map[string]messaging.Handler{eventType: messaging.Typed(handle)}}
}

func awaitConnected(ctx context.Context, c *messaging.Consumer) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for system.Connected(c) != nil {
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
	tally *system.Tally // of what it has handled itself
}

// startChild runs a consumer beside a sidecar of the receiver; what it handles is counted in all, too.
func (r *rig) startChild(t *probe, side, run string, work time.Duration, all *system.Tally) *child {
	t.Helper()
	self := must.Get(os.Executable())(t)
	c := &child{cmd: exec.Command(self, consumerRole), ended: make(chan struct{}), tally: system.NewTally()}
	c.cmd.Stderr = os.Stderr
	stdin, err1 := c.cmd.StdinPipe()
	stdout, err2 := c.cmd.StdoutPipe()
	line, err3 := json.Marshal(order{Config: r.Config(t, receiver, side), Run: run, Work: work})
	must.Do(t, errors.Join(err1, err2, err3, c.cmd.Start()))
	c.stdin = stdin
	subscribed := make(chan struct{})
	go c.read(stdout, subscribed, all)
	t.Cleanup(c.stop)
	must.Get(stdin.Write(append(line, '\n')))(t)
	select {
	case <-subscribed:
	case <-c.ended:
		t.Fatalf("the consumer beside %s ended", side)
	case <-time.After(patience):
		t.Fatalf("the consumer beside %s is not subscribed after %s", side, patience)
	}
	return c
}

func (c *child) read(out io.Reader, subscribed chan<- struct{}, all *system.Tally) {
	defer close(c.ended)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			close(subscribed)
			continue
		}
		c.tally.Add(n)
		all.Add(n)
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
