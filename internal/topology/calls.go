package topology

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Call is an operation of an app that another app calls.
type Call struct {
	From, To string
	Path     string // as OpenAPI writes it, with parameters in braces; for gRPC the full name of the method
	Verb     string // of HTTP; empty for gRPC
}

// callEntry is a call, or several, as components/topology.yaml writes it: "GET /path", "GET,POST /path", or the name of a method of
// gRPC.
type callEntry struct {
	From       string   `yaml:"from"`
	To         string   `yaml:"to"`
	Operation  string   `yaml:"operation"`
	Operations []string `yaml:"operations"`
}

// calls are those of an entry.
func (e callEntry) calls() []Call {
	var all []Call
	for _, operation := range append(e.Operations, e.Operation) {
		verbs, path, isHTTP := strings.Cut(operation, " ")
		switch {
		case operation == "":
			continue
		case !isHTTP:
			verbs, path = "", operation
		}
		for verb := range strings.SplitSeq(verbs, ",") {
			all = append(all, Call{e.From, e.To, path, verb})
		}
	}
	return all
}

// keysAndSessions are the operations of auth that pkg/identity calls for every app with a sign-in.
var keysAndSessions = []string{"/api/v1/auth/.well-known/jwks.json", "/internal/sessions/{id}"}

const auth = "auth"

// pages is the app for browsers. It calls what people may call, as them.
const pages = "web"

// callsOf lists the calls of the entries, and those that follow from the OpenAPI files.
func (t *Topology) callsOf(root string, entries []callEntry) ([]Call, error) {
	var all []Call
	for _, e := range entries {
		if !t.known(e.From) || !t.known(e.To) {
			return nil, fmt.Errorf("%s: the call of %s is from %q to %q; dapr.yaml must have both", File, e.Operation, e.From, e.To)
		}
		all = append(all, e.calls()...)
	}
	files, err := filepath.Glob(filepath.Join(root, "api/openapi/*.json"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		described, err := t.described(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		t.Services = append(t.Services, strings.TrimSuffix(filepath.Base(file), ".json"))
		all = append(all, described...)
	}
	return all, nil
}

// described lists the calls that follow from one OpenAPI file: the gateway calls every operation, the app for browsers those of the
// API, and an app with an operation that needs a sign-in calls auth.
func (t *Topology) described(file string) ([]Call, error) {
	app, err := t.AppOf(strings.TrimSuffix(filepath.Base(file), ".json"))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var description struct {
		Paths map[string]map[string]struct{ Security []map[string]any }
	}
	if err := json.Unmarshal(text, &description); err != nil {
		return nil, err
	}
	var all []Call
	secured := false
	for path, operations := range description.Paths {
		for verb, operation := range operations {
			all = append(all, Call{gateway, app, path, strings.ToUpper(verb)})
			if t.known(pages) && strings.HasPrefix(path, "/api/") {
				all = append(all, Call{pages, app, path, strings.ToUpper(verb)})
			}
			for _, requirement := range operation.Security {
				secured = secured || requirement["bearer"] != nil
			}
		}
	}
	for _, path := range keysAndSessions {
		if secured && app != auth {
			all = append(all, Call{app, auth, path, "GET"})
		}
	}
	return all, nil
}

// AppOf is the app of a service that serves people: order-api for order, auth for auth.
func (t *Topology) AppOf(service string) (string, error) {
	for _, app := range t.Apps {
		if app.ID == service || app.ID == service+"-api" {
			return app.ID, nil
		}
	}
	return "", fmt.Errorf("dapr.yaml has neither %s nor %s-api", service, service)
}

// API is an API of Dapr that a sidecar serves.
type API struct{ Name, Version, Protocol string }

// APIs are those that the app uses. Its sidecar serves no others.
func (t *Topology) APIs(app App) []API {
	// Without a rule for HTTP, a sidecar serves all HTTP APIs. A rule for healthz changes nothing else: healthz is always served.
	apis := []API{{"healthz", "v1", "http"}}
	if slices.ContainsFunc(t.Calls, func(c Call) bool { return c.From == app.ID && c.Verb != "" }) {
		apis[0].Name = "invoke"
	}
	for _, api := range []struct {
		needed        bool
		name, version string
	}{
		{t.StoreOf(app.ID) != "", "state", "v1"},
		{t.publishes(app.ID), "publish", "v1"},
		{t.consumes(app.ID), "subscribe", "v1alpha1"},
		{len(t.BindingsOf(app.ID)) > 0, "bindings", "v1"},
		{len(app.Secrets) > 0, "secrets", "v1"},
		// Every process reads its components, and its settings where there is a configuration store.
		{true, "metadata", "v1"},
		{true, "configuration", "v1"},
	} {
		if api.needed {
			apis = append(apis, API{api.name, api.version, "grpc"})
		}
	}
	return apis
}
