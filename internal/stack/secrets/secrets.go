// Package secrets creates and reads the secrets of a system: those that components and apps use, in .stoa/secrets.json, and
// the tokens between apps and their sidecars, in .stoa/tokens.json.
package secrets

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"strconv"
	"time"

	"stoa/internal/stack/state"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/keyformat"
	"stoa/pkg/identity/signing"
)

// DefaultBrokerPort is where the embedded broker listens unless NATS_URL says otherwise. It is not 4222, which another
// broker on the machine may use.
const DefaultBrokerPort = 14222

// The names of the secrets that every system has.
const (
	BrokerURL  = "NATS_URL"
	SigningKey = "AUTH_SIGNING_KEY"
	LinkKeys   = "NOTIFICATION_LINK_KEYS"
	CookieKeys = "WEB_COOKIE_KEYS"
	bootstrap  = "AUTH_BOOTSTRAP"
)

// defaults are the addresses and passwords of servers on this machine that were installed and not configured.
var defaults = map[string]string{
	"REDIS_HOST":     "127.0.0.1:6379",
	"REDIS_PASSWORD": "",
	"KAFKA_BROKERS":  "127.0.0.1:9092",
	"RABBITMQ_URL":   "amqp://guest:guest@127.0.0.1:5672/",
	"MONGODB_URL":    "mongodb://127.0.0.1:27017",
	"SMTP_HOST":      "127.0.0.1",
	"SMTP_PORT":      "1025", // the usual port of a mail catcher
	"SMTP_USER":      "",
	"SMTP_PASSWORD":  "",
}

// Values are the secrets by name.
type Values map[string]string

// Account is a sign-in that the first start makes.
type Account struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// Bootstrap is the secret AUTH_BOOTSTRAP: the API key and the accounts that auth creates and `stoa credentials` shows.
type Bootstrap struct {
	APIKey   string             `json:"apiKey"`
	Accounts map[string]Account `json:"accounts"`
}

// advice ends errors about secrets.json.
const advice = "correct it, or delete the file and .stoa/data to start again without data"

// Path is the file of the secrets.
func Path(dir string) string { return state.Path(dir, "secrets.json") }

// Read reads the secrets in the state directory dir, and checks those that every system has. It fails with fs.ErrNotExist if
// there is no file.
func Read(dir string) (Values, error) {
	path := Path(dir)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := Values{}
	if err := json.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("%s is not a JSON object of texts (%w); %s", state.ShortPath(path), err, advice)
	}
	for _, name := range []string{BrokerURL, SigningKey, bootstrap} {
		if values[name] == "" {
			return nil, fmt.Errorf("%s: the secret %s is missing; %s", state.ShortPath(path), name, advice)
		}
	}
	if _, _, err := values.Broker(); err != nil {
		return nil, invalid(dir, BrokerURL, err)
	}
	return values, nil
}

// Ensure creates missing secrets, and replaces the given ones. A brokerPort other than 0 replaces the port in NATS_URL,
// because free ports differ from run to run.
func Ensure(dir string, brokerPort int, given map[string]string) (Values, error) {
	return update(dir, func(values Values) {
		if brokerPort != 0 {
			values.moveBroker("127.0.0.1:" + strconv.Itoa(brokerPort))
		}
		for name, value := range defaults {
			if _, set := values[name]; !set {
				values[name] = value
			}
		}
		maps.Copy(values, given)
	})
}

// Init does what Ensure does, for containers: the embedded broker is at brokerHost, and servers have no default addresses.
func Init(dir, brokerHost string, given map[string]string) error {
	if err := os.MkdirAll(state.Path(dir), 0o700); err != nil {
		return err
	}
	_, err := update(dir, func(values Values) {
		values.moveBroker(brokerHost)
		maps.Copy(values, given)
	})
	return err
}

// update reads the secrets, or creates them, and changes them. It writes the file only if something differs.
func update(dir string, change func(Values)) (Values, error) {
	values, err := Read(dir)
	before := maps.Clone(values)
	if errors.Is(err, fs.ErrNotExist) {
		values, err = fresh()
	}
	if err != nil {
		return nil, err
	}
	change(values)
	values.addKeys()
	if err := values.renewAPIKey(); err != nil {
		return nil, invalid(dir, bootstrap, err)
	}
	if maps.Equal(before, values) {
		return values, nil
	}
	return values, state.Write(Path(dir), values)
}

// addKeys adds keys that secrets of an earlier build do not have.
func (v Values) addKeys() {
	if v[LinkKeys] == "" {
		v[LinkKeys] = signing.Fresh(time.Now()).String()
	}
	if v[CookieKeys] == "" {
		v[CookieKeys] = randomText(32)
	}
}

func fresh() (Values, error) {
	b := Bootstrap{APIKey: keyformat.New(ids.New()), Accounts: map[string]Account{}}
	for _, role := range []string{"admin", "staff", "author", "editor"} {
		b.Accounts[role] = Account{Email: role + "@stoa.local", Password: randomText(18)}
	}
	text, err := json.Marshal(b)
	return Values{
		BrokerURL:  fmt.Sprintf("nats://stoa:%s@127.0.0.1:%d", randomText(24), DefaultBrokerPort),
		SigningKey: signing.Fresh(time.Now()).String(),
		bootstrap:  string(text),
	}, err
}

// Broker is the address of the embedded broker, with the user and the password of its clients, and the port in it.
func (v Values) Broker() (address *url.URL, port int, err error) {
	address, err = url.Parse(v[BrokerURL])
	if err != nil {
		return nil, 0, errors.New("it is not a URL") // the parser's own error would show the password
	}
	if address.Scheme != "nats" || address.Port() == "" || address.User == nil {
		return nil, 0, errors.New("its form is not nats://user:password@host:port")
	}
	port, err = strconv.Atoi(address.Port())
	if err != nil || port < 1 || port > 65535 {
		return nil, 0, fmt.Errorf("%q is not a port number", address.Port())
	}
	return address, port, nil
}

func (v Values) moveBroker(host string) {
	if address, _, err := v.Broker(); err == nil {
		address.Host = host
		v[BrokerURL] = address.String()
	}
}

// renewAPIKey replaces an API key in the form of earlier versions, which auth no longer accepts.
func (v Values) renewAPIKey() error {
	var b Bootstrap
	if err := json.Unmarshal([]byte(v[bootstrap]), &b); err != nil {
		return err
	}
	if _, _, ok := keyformat.Parse(b.APIKey); ok {
		return nil
	}
	b.APIKey = keyformat.New(ids.New())
	text, err := json.Marshal(b)
	v[bootstrap] = string(text)
	return err
}

// Credentials reads the accounts and the API key that the first start made in the state directory dir.
func Credentials(dir string) (Bootstrap, error) {
	values, err := Read(dir)
	if err != nil {
		return Bootstrap{}, err
	}
	var b Bootstrap
	if err := json.Unmarshal([]byte(values[bootstrap]), &b); err != nil {
		return Bootstrap{}, invalid(dir, bootstrap, err)
	}
	return b, nil
}

// SigningKeys reads the keys that sign access tokens from the state directory dir.
func SigningKeys(dir string) (signing.Bundle, error) {
	values, err := Read(dir)
	if err != nil {
		return nil, err
	}
	return values.keys(dir, SigningKey)
}

// LinkSigningKeys reads the keys that sign the links in mails.
func LinkSigningKeys(dir string) (signing.Bundle, error) {
	values, err := Read(dir)
	if err != nil {
		return nil, err
	}
	return values.keys(dir, LinkKeys)
}

// ChangeSigningKeys replaces the signing keys by those that change returns, and returns them.
func ChangeSigningKeys(dir string, change func(signing.Bundle) (signing.Bundle, error)) (signing.Bundle, error) {
	return changeKeys(dir, SigningKey, change)
}

// ChangeLinkKeys does the same for the keys that sign the links in mails.
func ChangeLinkKeys(dir string, change func(signing.Bundle) (signing.Bundle, error)) (signing.Bundle, error) {
	return changeKeys(dir, LinkKeys, change)
}

func changeKeys(dir, name string, change func(signing.Bundle) (signing.Bundle, error)) (signing.Bundle, error) {
	values, err := Read(dir)
	if err != nil {
		return nil, err
	}
	keys, err := values.keys(dir, name)
	if err != nil {
		return nil, err
	}
	if keys, err = change(keys); err != nil {
		return nil, err
	}
	values[name] = keys.String()
	return keys, state.Write(Path(dir), values)
}

func (v Values) keys(dir, name string) (signing.Bundle, error) {
	keys, err := signing.Parse(v[name])
	if err != nil {
		return nil, invalid(dir, name, err)
	}
	return keys, nil
}

func invalid(dir, name string, err error) error {
	return fmt.Errorf("%s: the secret %s is not valid (%w); %s", state.ShortPath(Path(dir)), name, err, advice)
}
