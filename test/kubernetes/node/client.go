package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Client uses a cluster by its official programs.
type Client struct {
	kubectl, helm []string // with their first arguments
	env           []string
	inside        func(start func() error) error
}

// Elsewhere uses a cluster that somebody else runs, by the programs that are installed.
func Elsewhere(kubecontext string) Client {
	return Client{
		kubectl: []string{"kubectl", "--context", kubecontext}, helm: []string{"helm", "--kube-context", kubecontext},
		inside: func(start func() error) error { return start() },
	}
}

// Kubectl runs kubectl, and returns what it prints.
func (c Client) Kubectl(ctx context.Context, args ...string) (string, error) {
	return c.run(ctx, nil, c.kubectl, args...)
}

// KubectlWith runs kubectl with a standard input, such as objects to apply.
func (c Client) KubectlWith(ctx context.Context, input string, args ...string) (string, error) {
	return c.run(ctx, strings.NewReader(input), c.kubectl, args...)
}

// Helm runs helm, and returns what it prints.
func (c Client) Helm(ctx context.Context, args ...string) (string, error) {
	return c.run(ctx, nil, c.helm, args...)
}

// Get reads objects of the cluster into out: the arguments are those of kubectl get.
func (c Client) Get(ctx context.Context, out any, args ...string) error {
	text, err := c.Kubectl(ctx, append([]string{"get", "--output=json"}, args...)...)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), out)
}

// run returns what a program writes to its output; its error has what it complains about.
func (c Client) run(ctx context.Context, input io.Reader, program []string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, program[0], append(program[1:len(program):len(program)], args...)...)
	command.Env = append(os.Environ(), c.env...)
	command.Stdin = input
	var out, complaints bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaints
	err := c.inside(command.Start)
	if err == nil {
		err = command.Wait()
	}
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", program[len(program)-1], strings.Join(args, " "), err, bytes.TrimSpace(complaints.Bytes()))
	}
	return out.String(), err
}
