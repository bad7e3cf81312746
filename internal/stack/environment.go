package stack

import (
	"maps"
	"os"
	"slices"
)

// The types of secret stores that are a file, .stoa/secrets.json, and the sidecar's own environment.
const (
	fileStore        = "secretstores.local.file"
	environmentStore = "secretstores.local.env"
)

// configurationStore is the name of the component for settings that change while the system runs.
const configurationStore = "configuration"

// environmentSecrets returns the secrets for the environment of the sidecars, where their components read them there:
// the stored ones, each replaced by what the operator's environment has under its name, and what components refer to
// besides. The address of the embedded broker is never replaced: it is there that it runs.
func (s *Stack) environmentSecrets(stored map[string]string) map[string]string {
	fromEnvironment := func(r Resource) bool { return r.Spec.Type == environmentStore }
	if !slices.ContainsFunc(s.resources, fromEnvironment) {
		return nil
	}
	secrets, names := maps.Clone(stored), slices.Collect(maps.Keys(stored))
	for _, r := range s.resources {
		for _, m := range r.Spec.Metadata {
			names = append(names, m.SecretKeyRef.Name)
		}
	}
	for _, name := range names {
		value, set := os.LookupEnv(name)
		if set && !(s.broker && name == secretBroker) {
			secrets[name] = value
		}
	}
	return secrets
}

// latestSecrets returns what reads the secrets for the environment of a sidecar anew: they may have changed since the stack
// was started. While they cannot be read, those of the start hold. It is nil where sidecars read them elsewhere.
func (s *Stack) latestSecrets(atStart map[string]string) func() map[string]string {
	if s.environmentSecrets(atStart) == nil {
		return nil
	}
	return func() map[string]string {
		stored, err := readSecrets(s.options.Dir)
		if err != nil {
			stored = atStart
		}
		return s.environmentSecrets(stored)
	}
}

// checkLive says whether settings can be changed while the system runs.
func checkLive(resources []Resource) Finding {
	for _, r := range resources {
		if r.Kind == "Component" && r.Name() == configurationStore {
			return fine("live configuration: %s, %s", r.Spec.Type, shortPath(r.File))
		}
	}
	return Finding{
		Note, "no live configuration: the chosen base has no component `configuration`, so the environment's values hold",
		"to change settings without a restart, take --base server; see components/README.md",
	}
}
