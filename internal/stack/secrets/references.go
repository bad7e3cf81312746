package secrets

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"stoa/internal/stack/description"
	"stoa/internal/stack/state"
)

// The types of secret stores: the file .stoa/secrets.json, and the environment of the sidecar.
const (
	FileStore        = "secretstores.local.file"
	EnvironmentStore = "secretstores.local.env"
)

// examples show the form of secrets that have no default.
var examples = map[string]string{
	"POSTGRES_URL": "postgres://user:password@127.0.0.1:5432/database?sslmode=disable",
	"MARIADB_URL":  "user:password@tcp(127.0.0.1:3306)/?collation_server=utf8mb4_nopad_bin",
}

// CheckReferences fails with the first secret that a component refers to and that is not set. It checks nothing if the
// secrets are in another store, such as Vault.
func (v Values) CheckReferences(dir string, resources []description.Resource) error {
	fromEnvironment := uses(resources, EnvironmentStore)
	if !fromEnvironment && !uses(resources, FileStore) {
		return nil
	}
	for _, r := range resources {
		for _, m := range r.Spec.Metadata {
			name := m.SecretKeyRef.Name
			if _, set := v[name]; set || name == "" || fromEnvironment && os.Getenv(name) != "" {
				continue
			}
			hint := "add it"
			if example, known := examples[name]; known {
				hint += fmt.Sprintf(", in the form of %q", example)
			}
			return fmt.Errorf("%s: the secret %s is missing, which %s needs; %s",
				state.ShortPath(Path(dir)), name, state.ShortPath(r.File), hint)
		}
	}
	return nil
}

// ForEnvironment returns the secrets for the environment of the sidecars, or nil if components do not read them there. These
// are the stored secrets, and those that components refer to and the operator's environment has. A variable of the operator
// replaces a stored secret of the same name, except the address of an embedded broker.
func (v Values) ForEnvironment(resources []description.Resource, embeddedBroker bool) Values {
	if !uses(resources, EnvironmentStore) {
		return nil
	}
	secrets, names := maps.Clone(v), slices.Collect(maps.Keys(v))
	for _, r := range resources {
		for _, m := range r.Spec.Metadata {
			names = append(names, m.SecretKeyRef.Name)
		}
	}
	for _, name := range names {
		value, set := os.LookupEnv(name)
		if set && !(embeddedBroker && name == BrokerURL) {
			secrets[name] = value
		}
	}
	return secrets
}

func uses(resources []description.Resource, store string) bool {
	return slices.ContainsFunc(resources, func(r description.Resource) bool { return r.Spec.Type == store })
}
