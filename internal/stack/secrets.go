package stack

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"stoa/pkg/common/ids"
	"stoa/pkg/common/keyformat"
	"stoa/pkg/identity/signing"
)

// DefaultBrokerPort is where the embedded broker listens unless NATS_URL says otherwise. It is not 4222, which a broker
// of the developer's own may have.
const DefaultBrokerPort = 14222

// The names in .stoa/secrets.json.
const (
	secretBroker    = "NATS_URL"
	secretSigning   = "AUTH_SIGNING_KEY"
	secretBootstrap = "AUTH_BOOTSTRAP"
)

// localServers is how the first start reaches servers that were installed on this machine and left as they came: the
// addresses are no secrets, and neither is the password that everybody knows.
var localServers = map[string]string{
	"REDIS_HOST":     "127.0.0.1:6379",
	"REDIS_PASSWORD": "",
	"KAFKA_BROKERS":  "127.0.0.1:9092",
	"RABBITMQ_URL":   "amqp://guest:guest@127.0.0.1:5672/",
	"MONGODB_URL":    "mongodb://127.0.0.1:27017",
	"SMTP_HOST":      "127.0.0.1",
	"SMTP_PORT":      "1025", // where the mail catchers of developers listen
	"SMTP_USER":      "",
	"SMTP_PASSWORD":  "",
}

// examples show the form of the secrets that nobody can guess.
var examples = map[string]string{
	"POSTGRES_URL": "postgres://user:password@127.0.0.1:5432/database?sslmode=disable",
	"MARIADB_URL":  "user:password@tcp(127.0.0.1:3306)/?collation_server=utf8mb4_nopad_bin",
}

// Account is a sign-in that the first start makes.
type Account struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// Bootstrap is the secret AUTH_BOOTSTRAP: what the auth service has to create, and what `stoa credentials` shows.
type Bootstrap struct {
	APIKey   string             `json:"apiKey"`
	Accounts map[string]Account `json:"accounts"`
}

// Tokens are the secrets between an app and its own sidecar. They are handed over by environment, never by a store.
type Tokens struct {
	Dapr string `json:"DAPR_API_TOKEN"` // the app shows it to the sidecar
	App  string `json:"APP_API_TOKEN"`  // the sidecar shows it to the app
}

// Credentials reads the accounts and the API key that the first start made in the state directory dir.
func Credentials(dir string) (Bootstrap, error) {
	secrets, err := readSecrets(dir)
	if err != nil {
		return Bootstrap{}, err
	}
	var b Bootstrap
	if err := json.Unmarshal([]byte(secrets[secretBootstrap]), &b); err != nil {
		return Bootstrap{}, brokenSecret(dir, secretBootstrap, err)
	}
	return b, nil
}

const freshStart = "mend it, or delete the file and .stoa/data to start afresh"

func secretsFile(dir string) string { return filepath.Join(dir, StateFolder, "secrets.json") }

// ensureSecrets writes the secrets of a first start and leaves existing ones alone, but for those given. A brokerPort
// other than 0 is put into NATS_URL in any case: the port is the one thing in it that belongs to a run and not to the data.
func ensureSecrets(dir string, brokerPort int, given map[string]string) (map[string]string, error) {
	var before map[string]string
	secrets, err := readSecrets(dir)
	switch {
	case err == nil:
		before = maps.Clone(secrets)
	case errors.Is(err, fs.ErrNotExist):
		secrets, err = freshSecrets()
	}
	if err != nil {
		return nil, err
	}
	if brokerPort != 0 {
		address, err := url.Parse(secrets[secretBroker])
		if err != nil {
			return nil, brokenSecret(dir, secretBroker, err)
		}
		address.Host = "127.0.0.1:" + strconv.Itoa(brokerPort)
		secrets[secretBroker] = address.String()
	}
	for name, value := range localServers {
		if _, set := secrets[name]; !set {
			secrets[name] = value
		}
	}
	maps.Copy(secrets, given)
	if err := renewAPIKey(secrets); err != nil {
		return nil, brokenSecret(dir, secretBootstrap, err)
	}
	if maps.Equal(before, secrets) {
		return secrets, nil
	}
	return secrets, writePrivate(secretsFile(dir), secrets)
}

// renewAPIKey replaces an API key of a form that was given out by earlier versions and is not accepted any more.
func renewAPIKey(secrets map[string]string) error {
	var b Bootstrap
	if err := json.Unmarshal([]byte(secrets[secretBootstrap]), &b); err != nil {
		return err
	}
	if _, _, ok := keyformat.Parse(b.APIKey); ok {
		return nil
	}
	b.APIKey = keyformat.New(ids.New())
	text, err := json.Marshal(b)
	secrets[secretBootstrap] = string(text)
	return err
}

// missingSecret names the first secret that a component refers to and that is nowhere. What a store such as Vault holds
// is not known here.
func missingSecret(dir string, resources []Resource, secrets map[string]string) error {
	uses := func(store string) bool {
		return slices.ContainsFunc(resources, func(r Resource) bool { return r.Spec.Type == store })
	}
	fromEnvironment := uses(environmentStore)
	if !fromEnvironment && !uses(fileStore) {
		return nil
	}
	for _, r := range resources {
		for _, m := range r.Spec.Metadata {
			name := m.SecretKeyRef.Name
			if _, set := secrets[name]; set || name == "" || fromEnvironment && os.Getenv(name) != "" {
				continue
			}
			hint := "add it"
			if example, known := examples[name]; known {
				hint += fmt.Sprintf(", in the form of %q", example)
			}
			return fmt.Errorf("%s: the secret %s is missing, which %s needs; %s",
				shortPath(secretsFile(dir)), name, shortPath(r.File), hint)
		}
	}
	return nil
}

// readSecrets reads secrets.json and checks that every name is there. The error of a missing file is fs.ErrNotExist.
func readSecrets(dir string) (map[string]string, error) {
	path := secretsFile(dir)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	secrets := map[string]string{}
	if err := json.Unmarshal(text, &secrets); err != nil {
		return nil, fmt.Errorf("%s is not a JSON object of texts (%w); %s", shortPath(path), err, freshStart)
	}
	for _, name := range []string{secretBroker, secretSigning, secretBootstrap} {
		if secrets[name] == "" {
			return nil, fmt.Errorf("%s: the secret %s is missing; %s", shortPath(path), name, freshStart)
		}
	}
	if _, err := brokerAddress(secrets); err != nil {
		return nil, brokenSecret(dir, secretBroker, err)
	}
	return secrets, nil
}

func brokenSecret(dir, name string, err error) error {
	return fmt.Errorf("%s: the secret %s is broken (%w); %s", shortPath(secretsFile(dir)), name, err, freshStart)
}

func freshSecrets() (map[string]string, error) {
	bootstrap := Bootstrap{APIKey: keyformat.New(ids.New()), Accounts: map[string]Account{}}
	for _, role := range []string{"admin", "staff", "author", "editor"} {
		bootstrap.Accounts[role] = Account{Email: role + "@stoa.local", Password: randomText(18)}
	}
	accounts, err := json.Marshal(bootstrap)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		secretBroker:    fmt.Sprintf("nats://stoa:%s@127.0.0.1:%d", randomText(24), DefaultBrokerPort),
		secretSigning:   signing.Fresh(time.Now()).String(),
		secretBootstrap: string(accounts),
	}, nil
}

// ensureTokens reads .stoa/tokens.json, or makes it.
func ensureTokens(dir string) (Tokens, error) {
	path := filepath.Join(dir, StateFolder, "tokens.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		tokens := Tokens{Dapr: randomText(24), App: randomText(24)}
		return tokens, writePrivate(path, tokens)
	}
	if err != nil {
		return Tokens{}, err
	}
	var tokens Tokens
	if err := json.Unmarshal(text, &tokens); err != nil || tokens.Dapr == "" || tokens.App == "" {
		return Tokens{}, fmt.Errorf("%s is broken; delete it and start again, nothing depends on it", shortPath(path))
	}
	return tokens, nil
}

// randomText is URL-safe text with that many bytes of randomness.
func randomText(bytes int) string {
	buf := make([]byte, bytes)
	_, _ = rand.Read(buf) // never fails: crypto/rand ends the program rather than return an error
	return base64.RawURLEncoding.EncodeToString(buf)
}

// writePrivate replaces path by value as JSON, readable by its owner alone; a crash leaves the old file or the new one.
func writePrivate(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if _, err := file.Write(append(text, '\n')); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
