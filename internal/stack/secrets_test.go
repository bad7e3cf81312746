package stack

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stoa/pkg/common/keyformat"
)

func stateDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, StateFolder), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFirstStartMakesSecrets(t *testing.T) {
	dir := stateDir(t)
	secrets, err := ensureSecrets(dir, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ensureTokens(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"secrets.json", "tokens.json"} {
		info, err := os.Stat(filepath.Join(dir, StateFolder, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", name, info.Mode().Perm())
		}
	}
	block, _ := pem.Decode([]byte(secrets[secretSigning]))
	if block == nil {
		t.Fatal("the signing key is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := key.(ed25519.PrivateKey); !ok {
		t.Errorf("the signing key is a %T", key)
	}
	address, err := brokerAddress(secrets)
	if err != nil || address.Host != "127.0.0.1:14222" {
		t.Errorf("NATS_URL: %v, %v", address, err)
	}
}

func TestCredentialsAreRandomAndLong(t *testing.T) {
	seen := map[string]bool{}
	for range 2 {
		dir := stateDir(t)
		if _, err := ensureSecrets(dir, 0, nil); err != nil {
			t.Fatal(err)
		}
		bootstrap, err := Credentials(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(bootstrap.Accounts) != 4 || bootstrap.Accounts["admin"].Email != "admin@stoa.local" {
			t.Errorf("accounts: %v", bootstrap.Accounts)
		}
		texts := []string{bootstrap.APIKey}
		for _, account := range bootstrap.Accounts {
			texts = append(texts, account.Password)
		}
		for _, text := range texts {
			if len(text) < 20 || seen[text] {
				t.Errorf("%q is short, or was there before", text)
			}
			seen[text] = true
		}
	}
}

func TestSecondStartKeepsSecrets(t *testing.T) {
	dir := stateDir(t)
	first, err := ensureSecrets(dir, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := ensureSecrets(dir, 20001, nil)
	if err != nil {
		t.Fatal(err)
	}
	if first[secretSigning] != second[secretSigning] || first[secretBootstrap] != second[secretBootstrap] {
		t.Error("a second start has made new secrets")
	}
	if got := strings.Replace(first[secretBroker], ":14222", ":20001", 1); got != second[secretBroker] {
		t.Errorf("NATS_URL is %s; only the port may change", second[secretBroker])
	}
}

func TestAnAPIKeyOfAnOlderFormIsReplaced(t *testing.T) {
	dir := stateDir(t)
	secrets, err := ensureSecrets(dir, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	secrets[secretBootstrap] = `{"apiKey": "stoa_abc-def", "accounts": {"admin": {"email": "a@example.org", "password": "p"}}}`
	if err := writePrivate(secretsFile(dir), secrets); err != nil {
		t.Fatal(err)
	}
	if _, err := ensureSecrets(dir, 0, nil); err != nil {
		t.Fatal(err)
	}
	renewed, err := Credentials(dir)
	if _, _, ok := keyformat.Parse(renewed.APIKey); err != nil || !ok || renewed.Accounts["admin"].Password != "p" {
		t.Errorf("got %+v, %v", renewed, err)
	}
}

func TestBrokenSecretsAreNamed(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"not JSON":      {`{"NATS_URL": `, "not a JSON object"},
		"missing name":  {`{"NATS_URL": "nats://u:p@127.0.0.1:1", "AUTH_BOOTSTRAP": "{}"}`, "AUTH_SIGNING_KEY is missing"},
		"broken broker": {`{"NATS_URL": "nats://127.0.0.1", "AUTH_BOOTSTRAP": "{}", "AUTH_SIGNING_KEY": "x"}`, "NATS_URL is broken"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := stateDir(t)
			write(t, secretsFile(dir), test.text)
			_, err := ensureSecrets(dir, 0, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "secrets.json") {
				t.Errorf("got %v, want it to name the file and say %q", err, test.want)
			}
		})
	}
}

func TestBrokenTokensAreNamed(t *testing.T) {
	dir := stateDir(t)
	write(t, filepath.Join(dir, StateFolder, "tokens.json"), `{"DAPR_API_TOKEN": "x"}`)
	if _, err := ensureTokens(dir); err == nil || !strings.Contains(err.Error(), "tokens.json") {
		t.Errorf("got %v", err)
	}
}

func TestAMissingSecretIsNamed(t *testing.T) {
	desc := repository(t)
	components := filepath.Join(desc.Root, "components")
	resources, err := LoadResources(filepath.Join(components, "store", "postgres"), filepath.Join(components, "base", "local"))
	if err != nil {
		t.Fatal(err)
	}
	dir := stateDir(t)
	secrets, err := ensureSecrets(dir, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = missingSecret(dir, resources, secrets)
	for _, want := range []string{"secrets.json", "POSTGRES_URL", "postgres/auth.yaml", "postgres://user:password@"} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with %s", err, want)
		}
	}
	if secrets, err = ensureSecrets(dir, 0, map[string]string{"POSTGRES_URL": "postgres://x"}); err != nil {
		t.Fatal(err)
	}
	if err := missingSecret(dir, resources, secrets); err != nil {
		t.Errorf("with the secret: %v", err)
	}
}
