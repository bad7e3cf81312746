// Package access says who may call which operation: one entry for each operation of the OpenAPI files. The services do not
// read it; tests compare it with what they do.
package access

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
)

//go:embed access.yaml
var file []byte

// Caller is a kind of caller.
type Caller string

// The callers that are not named by their role. Every other caller is the name of a role.
const (
	// NoKey sends not even an API key.
	NoKey Caller = "no key"
	// WeakKey has an API key that does not permit the operation. It is refused before its sign-in is checked.
	WeakKey Caller = "weak key"
	// KeyOnly is an application with a valid API key, for which nobody is signed in.
	KeyOnly Caller = "key only"
	// Unverified is signed in to an account with the role LEARNER and an address that is not verified.
	Unverified Caller = "unverified"
)

// Callers lists all kinds, from the one who may least.
func Callers() []Caller {
	callers := []Caller{NoKey, WeakKey, KeyOnly, Unverified}
	for _, role := range roles() {
		callers = append(callers, Caller(role))
	}
	return callers
}

func roles() []identity.Role {
	return []identity.Role{identity.Learner, identity.Author, identity.Editor, identity.Staff, identity.Admin}
}

// Outcome is the decision about a call before the operation runs, as a status; 0 means that the call is allowed.
type Outcome int

// The outcomes.
const (
	// Allowed means that the operation decides.
	Allowed Outcome = 0
	// Unauthenticated is for callers without an API key or a sign-in.
	Unauthenticated Outcome = 401
	// Forbidden is for callers who lack a role or a verified address, or whose API key lacks a permission.
	Forbidden Outcome = 403
	// Absent is for callers who ask for something that another account owns.
	Absent Outcome = 404
)

// What an operation may need of an API key, besides an area such as "shop".
const (
	// AnyKey is any valid key.
	AnyKey = "any"
	// NotEvenAKey means that callers need no key.
	NotEvenAKey = "none"
)

// Rule says who may call one operation.
type Rule struct {
	// Key is which API key is needed: NotEvenAKey, AnyKey, or an area.
	Key string `yaml:"key"`
	// Allow is who may call.
	Allow Who `yaml:"allow"`
	// Others is who may also use what other accounts own; nil for an operation on something that no account owns.
	Others *Who `yaml:"others"`
}

// Owned reports whether the operation is about something that one account owns.
func (r Rule) Owned() bool { return r.Others != nil }

// Outcome is the decision about a call for something that the caller owns, or that another account owns.
func (r Rule) Outcome(c Caller, another bool) Outcome {
	free := r.Key == NotEvenAKey
	switch {
	case c == NoKey && !free:
		return Unauthenticated
	case c == WeakKey && !free && r.Key != AnyKey:
		return Forbidden
	case r.Allow.word == everyone:
		return Allowed
	case c == NoKey || c == WeakKey || c == KeyOnly:
		return Unauthenticated
	case !r.Allow.has(c):
		return Forbidden
	case another && r.Owned() && !r.Others.has(c):
		return Absent
	}
	return Allowed
}

// Verified reports whether the operation needs a verified e-mail address.
func (r Rule) Verified() bool { return r.Allow.word == verified }

// Who is a group of callers: everyone, those who are signed in, those whose address is verified, or those with one of these
// roles.
type Who struct {
	word  string
	roles []identity.Role
}

const (
	everyone = "everyone"
	signedIn = "signed-in"
	verified = "verified"
)

// has reports whether a caller who is signed in belongs to the group.
func (w Who) has(c Caller) bool {
	return w.word == signedIn || w.word == verified && c != Unverified || slices.Contains(w.roles, identity.Role(c))
}

// security is how OpenAPI says who may call an operation.
func (r Rule) security() []map[string][]string {
	security := web.NoKey()
	switch r.Allow.word {
	case everyone:
	case verified:
		security = identity.Verified()
	default:
		security = identity.SignedIn(r.Allow.roles...)
	}
	if r.Key != NotEvenAKey {
		security[0][web.KeyScheme] = []string{}
	}
	return security
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (w *Who) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		w.word = node.Value
		if !slices.Contains([]string{everyone, signedIn, verified}, w.word) {
			return fmt.Errorf("line %d: %q must be %s, %s or %s", node.Line, w.word, everyone, signedIn, verified)
		}
		return nil
	}
	if err := node.Decode(&w.roles); err != nil {
		return err
	}
	for _, role := range w.roles {
		if !slices.Contains(roles(), role) {
			return fmt.Errorf("line %d: there is no role %q", node.Line, role)
		}
	}
	return nil
}

// Matrix holds the rule of every operation, by service and by operation id.
type Matrix map[string]map[string]Rule

// Load reads the matrix that is checked in.
func Load() (Matrix, error) { return parse(file) }

func parse(text []byte) (Matrix, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var m Matrix
	if err := decoder.Decode(&m); err != nil {
		return nil, fmt.Errorf("access.yaml: %w", err)
	}
	for service, rules := range m {
		for id, rule := range rules {
			if rule.Allow.word == "" && len(rule.Allow.roles) == 0 {
				return nil, fmt.Errorf("access.yaml: %s: %s: allow is missing", service, id)
			}
			if rule.Key == "" {
				return nil, fmt.Errorf("access.yaml: %s: %s: key is missing", service, id)
			}
		}
	}
	return m, nil
}
