package providers_test

import (
	"errors"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/services/auth/internal/domain"
	"stoa/services/auth/internal/providers"
)

func TestPasswords_match(t *testing.T) {
	passwords := providers.NewPasswords(providers.Memory)
	hash, err := passwords.Hash(t.Context(), domain.Origin{}, "correct horse")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("got %q, %v", hash, err)
	}
	if again, _ := passwords.Hash(t.Context(), domain.Origin{}, "correct horse"); again == hash {
		t.Error("two hashes share a salt")
	}
	// Made by the reference implementation with other parameters: old hashes still match when ours change.
	const foreign = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	tests := map[string]struct {
		hash, password string
		want           bool
	}{
		"right":                         {hash, "correct horse", true},
		"wrong":                         {hash, "battery staple", false},
		"empty":                         {hash, "", false},
		"no account":                    {"", "correct horse", false},
		"other parameters":              {foreign, "password", true},
		"other parameters and password": {foreign, "passwort", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			begun := 0
			got, err := passwords.Matches(t.Context(), domain.Origin{}, tt.hash, tt.password, func() error { begun++; return nil })
			if err != nil || got != tt.want || begun != 1 {
				t.Errorf("got %v, %v; want %v", got, err, tt.want)
			}
			refusal := errors.New("no")
			if ok, err := passwords.Matches(t.Context(), domain.Origin{}, tt.hash, tt.password, func() error { return refusal }); ok || !errors.Is(err, refusal) {
				t.Errorf("got %v, %v, when it is not to begin", ok, err)
			}
		})
	}
}

func TestPasswords_reportUnreadableHashesAsDefects(t *testing.T) {
	passwords := providers.NewPasswords(providers.Memory)
	for name, hash := range map[string]string{
		"not PHC":           "secret",
		"other function":    "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65",
		"other version":     "$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65",
		"no parameters":     "$argon2id$v=19$x$c29tZXNhbHQ$nf65",
		"zero passes":       "$argon2id$v=19$m=256,t=0,p=1$c29tZXNhbHQ$nf65",
		"salt in no base64": "$argon2id$v=19$m=256,t=2,p=1$!$nf65",
		"no hash":           "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$",
	} {
		t.Run(name, func(t *testing.T) {
			if ok, err := passwords.Matches(t.Context(), domain.Origin{}, hash, "password", func() error { return nil }); ok || !errs.Is(err, errs.Internal) {
				t.Errorf("got %v, %v; want an internal error", ok, err)
			}
		})
	}
}
