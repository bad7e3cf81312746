package sidecar

import (
	"context"
	"fmt"
	"time"

	dapr "github.com/dapr/go-sdk/client"

	"stoa/pkg/common/errs"
)

// secretStore is the name of the secret store component, the same in every environment.
const secretStore = "secrets"

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

// Send hands data to an output binding's create operation, with the metadata that the kinds of binding behind that
// name understand.
func (s *Sidecar) Send(ctx context.Context, binding string, data []byte, meta map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // mail servers take their time
	defer cancel()
	err := s.client.InvokeOutputBinding(ctx, &dapr.InvokeBindingRequest{
		Name: binding, Operation: "create", Data: data, Metadata: meta,
	})
	if err != nil {
		return errs.Wrap(errs.Unavailable, err, "the binding %s does not answer", binding)
	}
	return nil
}
