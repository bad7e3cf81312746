package signing_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/pkg/identity/signing"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// uses says what the keys of a bundle are for.
func uses(b signing.Bundle) map[string]signing.Use {
	all := map[string]signing.Use{}
	for _, key := range b {
		all[key.ID()] = key.Use
	}
	return all
}

func find(t *testing.T, b signing.Bundle, use signing.Use) string {
	t.Helper()
	key, ok := b.Find(use)
	if !ok {
		t.Fatalf("there is no %s key among %v", use, uses(b))
	}
	return key.ID()
}

func rotate(t *testing.T, b signing.Bundle, now time.Time) signing.Bundle {
	t.Helper()
	return must.Get(b.Rotate(now))(t)
}

func TestBundle_rotates(t *testing.T) {
	b := signing.Fresh(noon)
	var order []string // in which keys have signed
	for n := range 5 {
		now := noon.Add(time.Duration(n+1) * time.Minute)
		before, next := find(t, b, signing.Current), find(t, b, signing.Next)
		b = rotate(t, b, now)
		order = append(order, before)
		if got := find(t, b, signing.Current); got != next {
			t.Errorf("rotation %d: %s signs, and the next key was %s", n, got, next)
		}
		for _, old := range order {
			if uses(b)[old] != signing.Previous {
				t.Errorf("rotation %d: tokens of %s are still valid, and its use is %q", n, old, uses(b)[old])
			}
		}
		if len(b) != n+3 || len(uses(b)) != len(b) {
			t.Errorf("rotation %d: got %v", n, uses(b))
		}
		if settled := b.SignsFrom(); !settled.Equal(now.Add(signing.LeadTime)) {
			t.Errorf("rotation %d: the next key may sign from %s on", n, settled)
		}
	}
}

func TestBundle_keepsKeysUntilTheirTokensHaveExpired(t *testing.T) {
	b := signing.Fresh(noon)
	first := find(t, b, signing.Current)
	b = rotate(t, b, noon)
	last := noon.Add(signing.TokenTTL + signing.Skew) // until then a machine with a slow clock accepts its tokens
	if kept := rotate(t, b, last); uses(kept)[first] != signing.Previous {
		t.Error("the key was dropped while its tokens were valid")
	}
	if kept := rotate(t, b, last.Add(2*signing.Skew)); uses(kept)[first] != "" {
		t.Error("the key is kept although none of its tokens is valid")
	}
}

func TestBundle_preparesASingleKey(t *testing.T) {
	single := signing.Fresh(noon)[:1]
	if _, err := single.Rotate(noon); err == nil {
		t.Error("a rotation without a next key must fail: verifiers would not know the key that signs")
	}
	prepared := single.Prepare(noon)
	if find(t, prepared, signing.Current) != single[0].ID() || len(prepared) != 2 {
		t.Errorf("got %v", uses(prepared))
	}
	if again := prepared.Prepare(noon.Add(time.Hour)); !maps.Equal(uses(again), uses(prepared)) || !again.SignsFrom().Equal(prepared.SignsFrom()) {
		t.Errorf("a prepared bundle changed: %v", uses(again))
	}
}

func TestParse_readsWhatStringWrote(t *testing.T) {
	want := rotate(t, signing.Fresh(noon), noon.Add(time.Hour))
	got, err := signing.Parse(want.String())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

// `openssl genpkey -algorithm ed25519` makes such a key.
func TestParse_takesAKeyWithoutHeadersForTheCurrentOne(t *testing.T) {
	key := signing.Fresh(noon)[0]
	got, err := signing.Parse(block(t, key.Private, nil))
	if err != nil || len(got) != 1 || got[0].Use != signing.Current || got[0].ID() != key.ID() {
		t.Errorf("got %v, %v", uses(got), err)
	}
}

func block(t *testing.T, key any, headers map[string]string) string {
	t.Helper()
	der := must.Get(x509.MarshalPKCS8PrivateKey(key))(t)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Headers: headers, Bytes: der}))
}

func TestParse_refusesWithoutRepeatingTheSecret(t *testing.T) {
	key := signing.Fresh(noon)[0]
	other := must.Get(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	with := func(headers map[string]string) string { return block(t, key.Private, headers) }
	next := with(map[string]string{"Use": "next"})
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":         {"", "not PEM"},
		"no PEM":          {"hunter2", "not PEM"},
		"no key":          {string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("hunter2")})), "not a PKCS#8 key"},
		"another kind":    {block(t, other, nil), "not an Ed25519"},
		"two that sign":   {with(nil) + with(nil), "2 keys are current"},
		"none that signs": {next, "0 keys are current"},
		"two next keys":   {with(nil) + next + next, "2 keys are next"},
		"unknown use":     {with(map[string]string{"Use": "hunter2"}), "key 1: its header Use"},
		"no time":         {with(nil) + with(map[string]string{"Use": "next", "Since": "hunter2"}), "key 2: its header Since"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := signing.Parse(tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, %v; want an error with %q", uses(b), err, tt.want)
			}
		})
	}
}

// The example of RFC 8037, appendix A.
func TestKey_hasItsThumbprintAsID(t *testing.T) {
	der := slices.Concat([]byte("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"),
		[]byte("\x9d\x61\xb1\x9d\xef\xfd\x5a\x60\xba\x84\x4a\xf4\x92\xec\x2c\xc4\x44\x49\xc5\x69\x7b\x32\x69\x19\x70\x3b\xac\x03\x1c\xae\x7f\x60"))
	b := must.Get(signing.Parse(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))))(t)
	if got, want := b[0].ID(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
