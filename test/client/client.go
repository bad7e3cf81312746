// Package client is a customer, and a member of staff, of a running shop: what the end-to-end tests do, they do by it,
// through the gateway like everybody else.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/secrets"
	"stoa/pkg/common/must"
	"stoa/test/servers"
	"stoa/test/system"
)

// Shop is a running system and the way in.
type Shop struct {
	system.System
	// URL is the gateway.
	URL string
	// Bootstrap holds the API key and the accounts that the first start made.
	secrets.Bootstrap
	// MailsTo reads the mails with codes to an address. By default it reads those that became files.
	MailsTo func(address string) []string

	http    *http.Client
	servers []*servers.Server
}

// Start runs the whole system on free ports, with all state in dir, until the test ends. A change is made to what it is
// started with.
func Start(t testing.TB, dir string, changes ...func(*stack.Options)) *Shop {
	t.Helper()
	shop := must.Get(Open(t.Context(), system.Root(t), dir, changes...))(t)
	t.Cleanup(func() {
		if err := shop.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return shop
}

// Only is a change that starts some of the apps and no other.
func Only(t testing.TB, apps ...string) func(*stack.Options) {
	t.Helper()
	scale := must.Get(description.Load(system.Root(t)))(t).NoApps()
	for _, app := range apps {
		delete(scale, app)
	}
	return func(o *stack.Options) { o.Scale = scale }
}

// Open is Start for those who stop the system themselves. STOA_BUS and STOA_STORE choose another broker and database than
// dapr.yaml does, and servers for them are started as well.
func Open(ctx context.Context, root, dir string, changes ...func(*stack.Options)) (*Shop, error) {
	described, err := description.Load(root)
	if err != nil {
		return nil, err
	}
	options := stack.Options{
		Dir: dir, FreePorts: true, Log: io.Discard, Bus: os.Getenv("STOA_BUS"), Store: os.Getenv("STOA_STORE"),
		Env: map[string]string{"RATE_LIMITS": "false"}, // a test sends in a second what a customer sends in a day
	}
	for _, change := range changes {
		change(&options)
	}
	running, err := startServers(ctx, &options)
	if err != nil {
		return nil, err
	}
	shop, err := open(ctx, described, options)
	if err != nil {
		return nil, errors.Join(err, stopServers(running))
	}
	shop.servers = running
	return shop, nil
}

func open(ctx context.Context, described *description.System, options stack.Options) (*Shop, error) {
	s, err := stack.New(described, options)
	if err != nil {
		return nil, err
	}
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	return Of(s)
}

// startServers starts what the chosen bus and store run on, and adds the secrets to reach it.
func startServers(ctx context.Context, options *stack.Options) (running []*servers.Server, err error) {
	secrets := maps.Clone(options.Secrets)
	if secrets == nil {
		secrets = map[string]string{}
	}
	for _, kind := range servers.Needed(options.Bus, options.Store) {
		server, err := servers.Start(ctx, kind)
		if err != nil {
			return nil, errors.Join(err, stopServers(running))
		}
		running = append(running, server)
		maps.Copy(secrets, server.Secrets)
	}
	options.Secrets = secrets
	return running, nil
}

func stopServers(running []*servers.Server) error {
	var failed error
	for _, server := range running {
		failed = errors.Join(failed, server.Stop())
	}
	return failed
}

// Stop stops the system, then the servers that were started for it.
func (s *Shop) Stop(ctx context.Context) error {
	return errors.Join(s.Stack.Stop(ctx), stopServers(s.servers))
}

// Of is the way into a stack that runs.
func Of(s *stack.Stack) (*Shop, error) {
	bootstrap, err := secrets.Credentials(s.Dir())
	if err != nil {
		return nil, err
	}
	shop := Connect(s.GatewayURL(), bootstrap)
	shop.Stack, shop.MailsTo = s, mailFiles(s.Dir())
	return shop, nil
}

// Connect is the way into a system at this URL that something else has started. It has no Stack.
func Connect(url string, bootstrap secrets.Bootstrap) *Shop {
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	return &Shop{URL: url, Bootstrap: bootstrap, http: &http.Client{Transport: transport, Timeout: 30 * time.Second}}
}

// DialBy sets how connections are made, to a system in another network.
func (s *Shop) DialBy(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	s.http.Transport.(*http.Transport).DialContext = dial
}

// User is somebody who is signed in.
type User struct {
	ID    string
	Email string
	// Verified says whether the address was verified when the user signed in.
	Verified bool
	Token    string
	Refresh  string // the token by which the next pair of tokens is got
}

// Request is one call of the API.
type Request struct {
	Method string
	Path   string // below /api/v1
	As     User   // nobody when empty
	Key    string // Idempotency-Key
	Body   any    // sent as JSON; a string or bytes as they are
	Header map[string]string
}

// Do sends a request; its error is that of the network.
func (s *Shop) Do(ctx context.Context, r Request) (Answer, error) {
	request, err := s.NewRequest(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	response, err := s.http.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return Answer{Status: response.StatusCode, Header: response.Header, Body: body}, err
}

// NewRequest prepares a request with everything that the API asks for.
func (s *Shop) NewRequest(ctx context.Context, r Request) (*http.Request, error) {
	var body io.Reader
	switch b := r.Body.(type) {
	case nil:
	case string:
		body = bytes.NewReader([]byte(b))
	case []byte:
		body = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, s.URL+"/api/v1"+r.Path, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("x-api-key", s.APIKey)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if r.As.Token != "" {
		request.Header.Set("Authorization", "Bearer "+r.As.Token)
	}
	if r.Key != "" {
		request.Header.Set("Idempotency-Key", r.Key)
	}
	request.Header.Set("Cache-Control", "no-cache") // a test asks what is, not what was a second ago
	for name, value := range r.Header {
		request.Header.Set(name, value)
	}
	return request, nil
}

// Try sends a request whatever the answer.
func (s *Shop) Try(t testing.TB, r Request) Answer {
	t.Helper()
	answer, err := s.Do(t.Context(), r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	return answer
}

// Await sends a request until it is answered with one of these statuses.
func (s *Shop) Await(t testing.TB, r Request, statuses ...int) (answer Answer) {
	t.Helper()
	system.Eventually(t, fmt.Sprintf("%s %s is answered with %d", r.Method, r.Path, statuses), func() (err error) {
		if answer, err = s.Do(t.Context(), r); err == nil && !slices.Contains(statuses, answer.Status) {
			err = fmt.Errorf("got %s", answer)
		}
		return err
	})
	return answer
}

// Must sends a request, expects this status, and reads the body into out unless it is nil.
func (s *Shop) Must(t testing.TB, r Request, status int, out any) Answer {
	t.Helper()
	answer := s.Try(t, r)
	if answer.Status != status {
		t.Fatalf("%s %s: got %s, want %d", r.Method, r.Path, answer, status)
	}
	if out != nil {
		answer.Read(t, out)
	}
	return answer
}
