package secrets

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"strings"
	"testing"
	"time"

	"stoa/internal/stack/state"
	"stoa/pkg/common/keyformat"
	"stoa/pkg/common/must"
	"stoa/pkg/identity/signing"
)

func stateDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must.Do(t, os.Mkdir(state.Path(dir), 0o700))
	return dir
}

func ensure(t *testing.T, dir string, brokerPort int, given map[string]string) Values {
	t.Helper()
	return must.Get(Ensure(dir, brokerPort, given))(t)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must.Do(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestEnsure_makesTheSecretsOfAFirstStart(t *testing.T) {
	dir := stateDir(t)
	values := ensure(t, dir, 0, nil)
	must.Get(EnsureTokens(dir))(t)
	for _, name := range []string{"secrets.json", "tokens.json"} {
		info := must.Get(os.Stat(state.Path(dir, name)))(t)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o, want 600", name, info.Mode().Perm())
		}
	}
	block, _ := pem.Decode([]byte(values[SigningKey]))
	if block == nil {
		t.Fatal("the signing key is not PEM")
	}
	key := must.Get(x509.ParsePKCS8PrivateKey(block.Bytes))(t)
	if _, ok := key.(ed25519.PrivateKey); !ok {
		t.Errorf("the signing key is a %T", key)
	}
	address, _, err := values.Broker()
	if err != nil || address.Host != "127.0.0.1:14222" {
		t.Errorf("NATS_URL: %v, %v", address, err)
	}
}

func TestCredentials_areRandomAndLong(t *testing.T) {
	seen := map[string]bool{}
	for range 2 {
		dir := stateDir(t)
		ensure(t, dir, 0, nil)
		made := must.Get(Credentials(dir))(t)
		if len(made.Accounts) != 4 || made.Accounts["admin"].Email != "admin@stoa.local" {
			t.Errorf("accounts: %v", made.Accounts)
		}
		texts := []string{made.APIKey}
		for _, account := range made.Accounts {
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

func TestEnsure_keepsExistingSecrets(t *testing.T) {
	dir := stateDir(t)
	first, second := ensure(t, dir, 0, nil), ensure(t, dir, 20001, nil)
	if first[SigningKey] != second[SigningKey] || first[bootstrap] != second[bootstrap] {
		t.Error("a second start has made new secrets")
	}
	if got := strings.Replace(first[BrokerURL], ":14222", ":20001", 1); got != second[BrokerURL] {
		t.Errorf("NATS_URL is %s; only the port may change", second[BrokerURL])
	}
}

func TestEnsure_replacesAnAPIKeyOfAnOlderForm(t *testing.T) {
	dir := stateDir(t)
	values := ensure(t, dir, 0, nil)
	values[bootstrap] = `{"apiKey": "stoa_abc-def", "accounts": {"admin": {"email": "a@example.org", "password": "p"}}}`
	must.Do(t, state.Write(Path(dir), values))
	ensure(t, dir, 0, nil)
	renewed, err := Credentials(dir)
	if _, _, ok := keyformat.Parse(renewed.APIKey); err != nil || !ok || renewed.Accounts["admin"].Password != "p" {
		t.Errorf("got %+v, %v", renewed, err)
	}
}

func TestRead_namesWhatIsNotValid(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"not JSON":      {`{"NATS_URL": `, "not a JSON object"},
		"missing name":  {`{"NATS_URL": "nats://u:p@127.0.0.1:1", "AUTH_BOOTSTRAP": "{}"}`, "AUTH_SIGNING_KEY is missing"},
		"broken broker": {`{"NATS_URL": "nats://127.0.0.1", "AUTH_BOOTSTRAP": "{}", "AUTH_SIGNING_KEY": "x"}`, "NATS_URL is not valid"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := stateDir(t)
			write(t, Path(dir), test.text)
			_, err := Ensure(dir, 0, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "secrets.json") {
				t.Errorf("got %v, want it to name the file and say %q", err, test.want)
			}
		})
	}
}

func TestEnsureTokens_namesAFileThatIsNotValid(t *testing.T) {
	dir := stateDir(t)
	write(t, TokensPath(dir), `{"DAPR_API_TOKEN": "x"}`)
	if _, err := EnsureTokens(dir); err == nil || !strings.Contains(err.Error(), "tokens.json") {
		t.Errorf("got %v", err)
	}
}

func TestBroker_checksThePort(t *testing.T) {
	for _, port := range []string{"0", "65536", "99999999999999999999"} {
		values := Values{BrokerURL: "nats://u:p@127.0.0.1:" + port}
		if _, _, err := values.Broker(); err == nil {
			t.Errorf("port %s was accepted", port)
		}
	}
}

func TestInit_keepsExistingSecrets(t *testing.T) {
	dir := t.TempDir()
	for _, host := range []string{"broker:14222", "other:14222"} {
		before, _ := Read(dir)
		must.Do(t, Init(dir, host, map[string]string{"REDIS_HOST": host}))
		after := must.Get(Read(dir))(t)
		if address, _, _ := after.Broker(); address.Host != host {
			t.Errorf("the broker is at %s, want %s", address.Host, host)
		}
		if after["REDIS_HOST"] != host {
			t.Errorf("the given secret is %q, want %s", after["REDIS_HOST"], host)
		}
		if before != nil && before[SigningKey] != after[SigningKey] {
			t.Error("the second run made new secrets")
		}
	}
	for path, want := range map[string]os.FileMode{state.Path(dir): 0o700, Path(dir): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want mode %o", path, info, err, want)
		}
	}
}

func TestChangeSigningKeys_namesKeysThatAreNotValid(t *testing.T) {
	dir := stateDir(t)
	values := ensure(t, dir, 0, nil)
	values[SigningKey] = "hunter2"
	must.Do(t, state.Write(Path(dir), values))
	_, err := ChangeSigningKeys(dir, func(signing.Bundle) (signing.Bundle, error) { return signing.Fresh(time.Now()), nil })
	if err == nil || !strings.Contains(err.Error(), SigningKey) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want an error that names the secret without showing it", err)
	}
	if kept, err := Read(dir); err != nil || kept[SigningKey] != "hunter2" {
		t.Errorf("the file has changed (%v)", err)
	}
}

func TestPath_isIgnoredByGit(t *testing.T) {
	text, err := os.ReadFile("../../../.gitignore")
	if err != nil || !strings.Contains(string(text), "/"+state.Folder+"/") {
		t.Errorf("the state with its secrets is not ignored: %v", err)
	}
}
