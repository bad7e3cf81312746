package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"stoa/internal/stack"
)

const (
	pollEvery     = 50 * time.Millisecond
	progressEvery = 5 * time.Second
)

// inBackground starts this program again, detached from the terminal, and waits until everything is ready.
func (o *upOptions) inBackground(cmd *cobra.Command, root string) error {
	out := cmd.OutOrStdout()
	if _, err := o.newStack(root, io.Discard); err != nil {
		return err
	}
	log, err := openLog(root)
	if err != nil {
		return err
	}
	defer log.Close()
	child, err := o.detached(root, log)
	if err != nil {
		return err
	}
	began := time.Now()
	fmt.Fprintln(out, "Starting the apps, their sidecars and what they need ...")
	if err := child.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	record, err := awaitBackground(cmd.Context(), out, root, child.Process, ended)
	if errors.Is(err, errEnded) {
		return reasonOfEnd(root, child.Process.Pid, log)
	}
	if err != nil {
		return err
	}
	printNextSteps(out, record.Gateway, time.Since(began))
	return nil
}

// openLog opens the log of the background process for appending.
func openLog(root string) (*os.File, error) {
	path := stack.LogFile(root, "stoa")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := log.Seek(0, io.SeekEnd); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return log, nil
}

func (o *upOptions) detached(root string, log *os.File) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"up", "--background", "--dir", root, "--bus", o.bus, "--store", o.store, "--base", o.base}
	if o.mtls {
		args = append(args, "--mtls")
	}
	for app, n := range o.scale {
		args = append(args, "--scale", fmt.Sprintf("%s=%d", app, n))
	}
	child := exec.Command(program, args...)
	child.Dir, child.Stdout, child.Stderr = root, log, log
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return child, nil
}

// errEnded means that the background process ended before it was ready.
var errEnded = errors.New("the background process ended")

// awaitBackground waits until the background process is ready or has ended, and prints which processes are not ready yet. An
// interrupt stops the background process too.
func awaitBackground(
	ctx context.Context, out io.Writer, root string, child *os.Process, ended <-chan error,
) (stack.Record, error) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	progress := time.NewTicker(progressEvery)
	defer progress.Stop()
	for {
		select {
		case <-poll.C:
			record, err := stack.ReadRecord(root)
			if err == nil && record.Supervisor.PID == child.Pid && record.Phase == stack.PhaseReady {
				return record, nil
			}
		case <-progress.C:
			fmt.Fprintln(out, "  waiting for", waitingFor(root))
		case <-ended:
			return stack.Record{}, errEnded
		case <-ctx.Done():
			_ = child.Signal(syscall.SIGTERM)
			<-ended
			return stack.Record{}, errors.New("interrupted; everything is stopped")
		}
	}
}

// waitingFor names the processes that are not ready yet.
func waitingFor(root string) string {
	record, err := stack.ReadRecord(root)
	if err != nil {
		return "the background process"
	}
	var names []string
	for _, p := range record.Processes {
		if p.State != stack.StateReady {
			names = append(names, p.Name)
		}
	}
	return strings.Join(names, ", ")
}

// reasonOfEnd is the error that the background process recorded, or the last line of its log if it recorded none.
func reasonOfEnd(root string, pid int, log *os.File) error {
	record, err := stack.ReadRecord(root)
	if err == nil && record.Supervisor.PID == pid && record.Error != "" {
		return errors.New(record.Error)
	}
	printed, _ := io.ReadAll(log)
	lines := strings.Split(strings.TrimSpace(string(printed)), "\n")
	return fmt.Errorf("%w: %s", errEnded, strings.TrimPrefix(lines[len(lines)-1], "stoa: "))
}
