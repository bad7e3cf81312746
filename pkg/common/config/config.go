// Package config reads a process's configuration from its environment into one struct for each binary.
package config

import (
	"errors"
	"fmt"

	"github.com/kelseyhightower/envconfig"
)

// Base is what every process is told by whoever starts it. The official `dapr run` sets the same names as `stoa up`.
// Embed it in the struct of a binary.
type Base struct {
	// AppID is the Dapr app-id, and the name of the process in logs, metrics and traces.
	AppID string `envconfig:"APP_ID" required:"true"`
	// AppPort is where the app listens for its sidecar; 0 for an app without an app channel.
	AppPort int `envconfig:"APP_PORT"`
	// ProbePort serves probes and metrics for an app that has no HTTP app port, or one that is public.
	ProbePort int `envconfig:"PROBE_PORT"`
	// ProbeHost is the address to bind for ProbePort: never the public one by accident.
	ProbeHost string `envconfig:"PROBE_HOST" default:"127.0.0.1"`
	// Host is the address to bind. Only the gateway has a reason to change it: the rest is reached by its sidecar.
	Host string `envconfig:"HOST" default:"127.0.0.1"`
	// DaprHost is where the sidecar listens.
	DaprHost string `envconfig:"DAPR_HOST" default:"127.0.0.1"`
	// DaprHTTPPort is the sidecar's HTTP API.
	DaprHTTPPort int `envconfig:"DAPR_HTTP_PORT" required:"true"`
	// DaprGRPCPort is the sidecar's gRPC API.
	DaprGRPCPort int `envconfig:"DAPR_GRPC_PORT" required:"true"`
	// DaprAPIToken is what the sidecar asks of the app.
	DaprAPIToken string `envconfig:"DAPR_API_TOKEN" required:"true"`
	// AppAPIToken is what the app asks of its sidecar.
	AppAPIToken string `envconfig:"APP_API_TOKEN" required:"true"`
	// LogLevel is trace, debug, info, warn or error. It can be changed live.
	LogLevel string `envconfig:"LOG_LEVEL" default:"info"`
}

// Validate refuses empty tokens: a sidecar or an app without one would be open to every process of the machine.
func (b Base) Validate() error {
	switch {
	case b.DaprAPIToken == "":
		return errors.New("DAPR_API_TOKEN is empty")
	case b.AppAPIToken == "":
		return errors.New("APP_API_TOKEN is empty")
	}
	return nil
}

// Load reads T from the environment, by the `envconfig`, `default` and `required` tags of its fields. The error says
// which variable is missing or wrong, without its value: it may be a secret. A T with a Validate method is asked as well.
func Load[T any]() (T, error) {
	var cfg T
	err := envconfig.Process("", &cfg)
	var parse *envconfig.ParseError
	switch {
	case errors.As(err, &parse):
		return cfg, fmt.Errorf("configuration: %s is not a valid %s", parse.KeyName, parse.TypeName)
	case err != nil:
		return cfg, fmt.Errorf("configuration: %w", err)
	}
	if v, ok := any(cfg).(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return cfg, fmt.Errorf("configuration: %w", err)
		}
	}
	return cfg, nil
}
