package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
)

// upOptions are the flags of `stoa up`.
type upOptions struct {
	detach           bool
	background       bool // this is the process that --detach has started
	bus, store, base string
	scale            map[string]int
	mtls             bool
}

func upCommand(place *place) *cobra.Command {
	var o upOptions
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start everything and wait until it is ready",
		Args:  cobra.NoArgs,
		RunE: place.run(func(cmd *cobra.Command, root string, _ []string) error {
			if stack.Running(root) {
				return o.alreadyRunning(cmd)
			}
			if o.detach {
				return o.inBackground(cmd, root)
			}
			return o.inForeground(cmd.Context(), cmd.OutOrStdout(), root)
		}),
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.detach, "detach", "d", false, "start in the background and return when everything is ready")
	flags.BoolVar(&o.background, "background", false, "")
	_ = flags.MarkHidden("background")
	flags.StringVar(&o.bus, "bus", "", "folder below components/bus (default: the one in dapr.yaml)")
	flags.StringVar(&o.store, "store", "", "folder below components/store (default: the one in dapr.yaml)")
	flags.StringVar(&o.base, "base", "", "folder below components/base (default: the one in dapr.yaml)")
	flags.StringToIntVar(&o.scale, "scale", nil, "number of replicas, as `app=n`; 0 leaves the app out")
	flags.BoolVar(&o.mtls, "mtls", false, "sidecars identify each other by certificates, and only permitted apps can call an operation")
	return cmd
}

// alreadyRunning fails only if there are options, because the running system may have been started with others.
func (o *upOptions) alreadyRunning(cmd *cobra.Command) error {
	if o.bus != "" || o.store != "" || o.base != "" || len(o.scale) > 0 || o.mtls {
		return errors.New("already running; `stoa down` first, then start it with these options")
	}
	fmt.Fprintln(cmd.OutOrStdout(), "Stoa is already running; `stoa status` shows it, `stoa down` stops it.")
	return nil
}

// newStack returns the stack, after all checks that are possible before the start.
func (o *upOptions) newStack(root string, log io.Writer) (*stack.Stack, error) {
	desc, err := description.Load(root)
	if err != nil {
		return nil, err
	}
	return stack.New(desc, stack.Options{Bus: o.bus, Store: o.store, Base: o.base, Scale: o.scale, MTLS: o.mtls, Log: log})
}

// inForeground runs the system until the operator stops it.
func (o *upOptions) inForeground(ctx context.Context, out io.Writer, root string) error {
	log := io.Writer(stampedLines{out})
	if o.background {
		log, out = jsonLines{out}, io.Discard
	}
	system, err := o.newStack(root, log)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := system.Start(ctx); err != nil {
		return err
	}
	printNextSteps(out, system.GatewayURL(), time.Since(began))
	<-ctx.Done()
	// Another Ctrl-C kills the processes that still run.
	killed, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	return system.Stop(killed)
}

// printNextSteps prints what the operator can do after a start.
func printNextSteps(out io.Writer, gateway string, took time.Duration) {
	fmt.Fprintf(out, `Stoa is ready after %.1[1]f s.
  shop       %[2]s
  blog       %[2]s/blog
  API        %[2]s/docs
  sign-ins   bin/stoa credentials
  mails      .stoa/mail, unless the base delivers them
  state      bin/stoa status
  logs       bin/stoa logs -f
  stop       bin/stoa down
`, took.Seconds(), forBrowsers(gateway))
}

// forBrowsers returns the address of the gateway as mails write it: browsers have one session for each name of a host.
func forBrowsers(gateway string) string {
	return strings.Replace(gateway, "//127.0.0.1:", "//localhost:", 1)
}

// stampedLines writes the time of day before each line.
type stampedLines struct{ out io.Writer }

func (w stampedLines) Write(line []byte) (int, error) {
	if _, err := fmt.Fprintf(w.out, "%s  %s", time.Now().Format(time.TimeOnly), line); err != nil {
		return 0, err
	}
	return len(line), nil
}

// jsonLines writes each line as JSON, as apps and sidecars do, so that `stoa logs` can read it.
type jsonLines struct{ out io.Writer }

func (w jsonLines) Write(line []byte) (int, error) {
	entry := stack.LogLine{Time: time.Now().UTC(), Level: "info", Message: strings.TrimSpace(string(line))}
	if err := json.NewEncoder(w.out).Encode(entry); err != nil {
		return 0, err
	}
	return len(line), nil
}
