package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	dapr "github.com/dapr/go-sdk/client"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"stoa/internal/stack"
	"stoa/pkg/observability"
)

const (
	app   = "order-api" // whose settings and store are used
	store = "order-store"
	size  = 900 // bytes of a document: an order of one line
)

// side is a sidecar and its client.
type side struct {
	command *exec.Cmd
	client  dapr.Client
	conn    *grpc.ClientConn
	tracer  *sdktrace.TracerProvider
	output  bytes.Buffer
}

// open starts a sidecar with its files in dir, and connects to it.
func open(ctx context.Context, root, dir, daprd string, s settings, pool *stack.PortPool) (*side, error) {
	text, err := os.ReadFile(filepath.Join(root, "components", "config", "apps", app+".yaml"))
	if err != nil {
		return nil, err
	}
	if s.config != nil {
		changed := s.config(string(text))
		if changed == string(text) {
			return nil, fmt.Errorf("it changes nothing in the file of %s", app)
		}
		text = []byte(changed)
	}
	if err := os.MkdirAll(filepath.Join(dir, ".stoa", "data"), 0o700); err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return nil, err
	}
	arguments := []string{"--app-id", app, "--config", config, "--log-level=warn", "--dapr-listen-addresses", "127.0.0.1",
		"--resources-path", filepath.Join(root, "components", "store", "sqlite"),
		"--resources-path", filepath.Join(root, "components", "config", "resiliency"), "--read-buffer-size=32Ki"}
	var grpcPort int
	for _, flag := range []string{"--dapr-http-port", "--dapr-internal-grpc-port", "--metrics-port", "--dapr-grpc-port"} {
		if grpcPort, err = pool.Take(); err != nil {
			return nil, err
		}
		arguments = append(arguments, flag, strconv.Itoa(grpcPort))
	}
	target := fmt.Sprintf("127.0.0.1:%d", grpcPort)
	if s.unixSocket {
		arguments = append(arguments, "--unix-domain-socket", dir)
		target = "unix://" + filepath.Join(dir, "dapr-"+app+"-grpc.socket")
	}
	o := &side{command: exec.Command(daprd, append(arguments, s.arguments...)...)}
	o.command.Dir, o.command.Stdout, o.command.Stderr = dir, &o.output, &o.output
	o.command.Env = append(append(os.Environ(), "DAPR_HOST_IP=127.0.0.1", "DAPR_API_TOKEN=secret"), s.env...)
	o.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := o.command.Start(); err != nil {
		return nil, err
	}
	return o, o.connect(ctx, target, s)
}

// connect makes the client and the first document.
func (o *side) connect(ctx context.Context, target string, s settings) (err error) {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
		grpc.WithPerRPCCredentials(token("secret")),
	}
	o.tracer = sdktrace.NewTracerProvider(sdktrace.WithSampler(s.sampler))
	otel.SetTracerProvider(o.tracer) // for the instrumentation that is made now
	instrumentation := observability.GRPCClient()
	if s.everyCall {
		instrumentation = otelgrpc.NewClientHandler()
	}
	options = append(options, grpc.WithStatsHandler(instrumentation))
	if o.conn, err = grpc.NewClient(target, options...); err != nil {
		return err
	}
	dapr.SetLogger(nil)
	o.client = dapr.NewClientWithConnection(o.conn)
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		if err = o.save(ctx, 0); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the sidecar is not ready: %w\n%s", err, o.output.Bytes())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (o *side) stop() {
	o.conn.Close()
	_ = o.command.Process.Kill() // it has nothing to save
	_ = o.command.Wait()
}

// token is what the sidecar asks for.
type token string

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (t token) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"dapr-api-token": string(t)}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (token) RequireTransportSecurity() bool { return false }

// read reads a document inside the span of a request.
func (o *side) read(ctx context.Context, caller int) error {
	ctx, span := o.tracer.Tracer("bench").Start(ctx, "request")
	defer span.End()
	_, err := o.client.GetState(ctx, store, fmt.Sprint("order:", caller), nil)
	return err
}

func (o *side) save(ctx context.Context, caller int) error {
	ctx, span := o.tracer.Tracer("bench").Start(ctx, "request")
	defer span.End()
	return o.client.SaveBulkState(ctx, store, &dapr.SetStateItem{
		Key: fmt.Sprint("order:", caller), Value: []byte(`"` + strings.Repeat("x", size-2) + `"`),
		Options: &dapr.StateOptions{Concurrency: dapr.StateConcurrencyLastWrite, Consistency: dapr.StateConsistencyStrong},
	})
}

// spend returns what one of n calls costs that several callers make.
func (o *side) spend(ctx context.Context, n, callers int, call func(context.Context, int) error) (cost, error) {
	var (
		next   atomic.Int64
		all    sync.WaitGroup
		failed = make([]error, callers)
	)
	before, err := o.used()
	if err != nil {
		return cost{}, err
	}
	for i := range callers {
		all.Go(func() {
			for next.Add(1) <= int64(n) && failed[i] == nil {
				failed[i] = call(ctx, i)
			}
		})
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return cost{}, err
		}
	}
	after, err := o.used()
	return cost{(after.sidecar - before.sidecar) / time.Duration(n), (after.client - before.client) / time.Duration(n)}, err
}

// used is the CPU time of the sidecar's threads and of this process so far.
func (o *side) used() (cost, error) {
	var self syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		return cost{}, err
	}
	client := time.Duration(self.Utime.Nano() + self.Stime.Nano())
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", o.command.Process.Pid))
	if err != nil {
		return cost{}, err
	}
	var sidecar time.Duration
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			return cost{}, err
		}
		nanoseconds, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			return cost{}, err
		}
		sidecar += time.Duration(nanoseconds)
	}
	return cost{sidecar, client}, nil
}
