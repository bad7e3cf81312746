package config_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/config"
	"stoa/pkg/common/must"
)

type sample struct {
	config.Base
	// Patience has a default, so that it may be left out.
	Patience time.Duration `envconfig:"PATIENCE" default:"2s"`
}

func setBase(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"APP_ID": "sample", "DAPR_HTTP_PORT": "3600", "DAPR_GRPC_PORT": "3700",
		"DAPR_API_TOKEN": "a", "APP_API_TOKEN": "b",
	} {
		t.Setenv(name, value)
	}
}

func TestLoad(t *testing.T) {
	setBase(t)
	cfg := must.Get(config.Load[sample]())(t)
	if cfg.AppID != "sample" || cfg.DaprHTTPPort != 3600 || cfg.Host != "127.0.0.1" || cfg.Patience != 2*time.Second {
		t.Errorf("got %+v", cfg)
	}
}

func TestLoad_namesTheVariableAndHidesItsValue(t *testing.T) {
	for name, value := range map[string]string{"PATIENCE": "hunter2", "APP_API_TOKEN": "", "DAPR_API_TOKEN": ""} {
		t.Run(name, func(t *testing.T) {
			setBase(t)
			t.Setenv(name, value)
			_, err := config.Load[sample]()
			if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLoad_namesWhatIsMissing(t *testing.T) {
	setBase(t)
	must.Do(t, os.Unsetenv("APP_ID")) // setBase brings the old value back after the test
	if _, err := config.Load[sample](); err == nil || !strings.Contains(err.Error(), "APP_ID") {
		t.Errorf("got %v", err)
	}
}
