package sidecar

import (
	"context"
	"fmt"
	"strings"
	"time"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/settings"
)

// secretStore is the name of the secret store component, the same in every environment.
const secretStore = "secrets"

// configurationStore is the name of the configuration store component, where there is one.
const configurationStore = "configuration"

// Secret reads a secret by its name from the secret store.
func (s *Sidecar) Secret(ctx context.Context, name string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	values, err := s.client.GetSecret(ctx, secretStore, name, nil)
	if err != nil {
		return "", fmt.Errorf("the secret %s cannot be read from the secret store: %w", name, err)
	}
	value, ok := values[name]
	if !ok || value == "" {
		return "", fmt.Errorf("the secret %s is empty", name)
	}
	return value, nil
}

// Send calls the create operation of an output binding with this data. meta may have fields for several types of bindings;
// each type ignores the fields that it does not know.
func (s *Sidecar) Send(ctx context.Context, binding string, data []byte, meta map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // longer than callTimeout: mail servers are slow
	defer cancel()
	err := s.client.InvokeOutputBinding(ctx, &dapr.InvokeBindingRequest{
		Name: binding, Operation: "create", Data: data, Metadata: meta,
	})
	if err != nil {
		return errs.Wrap(errs.Unavailable, err, "the binding %s does not answer", binding)
	}
	return nil
}

// ComponentType returns the type of the component with this name, such as "bindings.smtp", or "" if the app has none.
func (s *Sidecar) ComponentType(ctx context.Context, name string) (string, error) {
	components, err := s.components(ctx)
	for _, c := range components {
		if c.Name == name {
			return c.Type, nil
		}
	}
	return "", err
}

// Stores returns the names of the state stores that the app has.
func (s *Sidecar) Stores(ctx context.Context) ([]string, error) {
	components, err := s.components(ctx)
	var stores []string
	for _, c := range components {
		if strings.HasPrefix(c.Type, "state.") {
			stores = append(stores, c.Name)
		}
	}
	return stores, err
}

func (s *Sidecar) components(ctx context.Context) ([]*dapr.MetadataRegisteredComponents, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	known, err := s.client.GetMetadata(ctx)
	if err != nil {
		return nil, unavailable(err, "the sidecar")
	}
	return known.RegisteredComponents, nil
}

// CheckStore reads a key that no document has. It fails with errs.Unavailable if the store does not answer.
func (s *Sidecar) CheckStore(ctx context.Context, store string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := s.states.GetState(ctx, store, "readyz", nil)
	return failure(err, "the state store")
}

// HasConfiguration reports whether the sidecar has a configuration store, which depends on the component folders it loads.
func (s *Sidecar) HasConfiguration(ctx context.Context) (bool, error) {
	kind, err := s.ComponentType(ctx, configurationStore)
	return kind != "", err
}

// Configuration reads all settings of the configuration store. It does not ask for single names, because a store on Redis logs
// a warning for each name that it does not have.
func (s *Sidecar) Configuration(ctx context.Context) (map[string]settings.Item, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	found, err := s.client.GetConfigurationItems(ctx, configurationStore, nil)
	if err != nil {
		return nil, failure(err, "the configuration store")
	}
	items := make(map[string]settings.Item, len(found))
	for name, item := range found {
		items[name] = settings.Item{Value: item.Value, Version: item.Version}
	}
	return items, nil
}
