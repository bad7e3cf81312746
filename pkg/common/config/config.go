// Package config reads a process's configuration from its environment into one struct for each binary.
package config

import (
	"errors"
	"fmt"

	"github.com/kelseyhightower/envconfig"
)

// Base is the configuration of every process. `stoa up` and the official `dapr run` set the same names. Embed it in the struct
// of a binary.
type Base struct {
	// AppID is the Dapr app-id, and the name of the process in logs, metrics and traces.
	AppID string `envconfig:"APP_ID" required:"true"`
	// AppPort is where the app listens for its sidecar; 0 for an app without an app channel.
	AppPort int `envconfig:"APP_PORT"`
	// ProbePort serves probes and metrics for an app that has no HTTP app port, or one that is public. Other apps serve them on
	// the app port, and on this one if it is set.
	ProbePort int `envconfig:"PROBE_PORT"`
	// ProbeHost is the address to bind for ProbePort.
	ProbeHost string `envconfig:"PROBE_HOST" default:"127.0.0.1"`
	// Host is the address to bind for AppPort. Only the gateway may need another: sidecars call the other apps on loopback.
	Host string `envconfig:"HOST" default:"127.0.0.1"`
	// DaprHost is where the sidecar listens.
	DaprHost string `envconfig:"DAPR_HOST" default:"127.0.0.1"`
	// DaprHTTPPort is the port of the sidecar's HTTP API.
	DaprHTTPPort int `envconfig:"DAPR_HTTP_PORT" required:"true"`
	// DaprGRPCPort is the port of the sidecar's gRPC API.
	DaprGRPCPort int `envconfig:"DAPR_GRPC_PORT" required:"true"`
	// DaprAPIToken is the token that the app sends with its calls to the sidecar.
	DaprAPIToken string `envconfig:"DAPR_API_TOKEN" required:"true"`
	// AppAPIToken is the token that the sidecar sends with its calls to the app.
	AppAPIToken string `envconfig:"APP_API_TOKEN" required:"true"`
	// LogLevel is trace, debug, info, warn or error. A configuration store can change it without a restart.
	LogLevel string `envconfig:"LOG_LEVEL" default:"info"`
}

// Validate refuses empty tokens: without them, every process on the machine could call the sidecar or the app.
func (b Base) Validate() error {
	switch {
	case b.DaprAPIToken == "":
		return errors.New("DAPR_API_TOKEN is empty")
	case b.AppAPIToken == "":
		return errors.New("APP_API_TOKEN is empty")
	}
	return nil
}

// Load reads T from the environment, by the `envconfig`, `default` and `required` tags of its fields, and calls its Validate if
// it has one. The error names the variable that is missing or wrong, without its value, which may be a secret.
func Load[T any]() (T, error) {
	var cfg T
	err := envconfig.Process("", &cfg)
	if parse, ok := errors.AsType[*envconfig.ParseError](err); ok {
		err = fmt.Errorf("%s is not a valid %s", parse.KeyName, parse.TypeName)
	}
	if v, ok := any(cfg).(interface{ Validate() error }); ok && err == nil {
		err = v.Validate()
	}
	if err != nil {
		return cfg, fmt.Errorf("configuration: %w", err)
	}
	return cfg, nil
}
