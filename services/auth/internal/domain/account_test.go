package domain_test

import (
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/errs"
	"stoa/services/auth/internal/domain"
)

func TestEmail_keyIgnoresCase(t *testing.T) {
	if a, b := domain.Email("Ada@Example.org").Key(), domain.Email("ada@example.ORG").Key(); a != b {
		t.Errorf("%s and %s", a, b)
	}
	if _, err := domain.ParseEmail("adm\u00adin@example.org"); !errs.Is(err, errs.Invalid) {
		t.Errorf("a soft hyphen: got %v, want invalid", err)
	}
	if key := domain.Email("ada@example.org").Key(); strings.Contains(key, "ada") {
		t.Errorf("the key %s shows the address", key)
	}
}

func TestRegistration_namesEveryFault(t *testing.T) {
	tests := map[string]struct {
		email, name, password string
		faults                []string
	}{
		"good":                     {"ada@example.org", "Ada", "12345678", nil},
		"longest":                  {"ada@example.org", strings.Repeat("é", 200), strings.Repeat("x", 100), nil},
		"short in characters":      {"ada@example.org", "Ada", "ééééééé", []string{"password"}},
		"long in bytes":            {"ada@example.org", "Ada", strings.Repeat("é", 51), []string{"password"}},
		"spaces are no name":       {"ada@example.org", "   ", "12345678", []string{"name"}},
		"spaces of no width":       {"ada@example.org", "\u200b\u200b", "12345678", []string{"name"}},
		"name with a line break":   {"ada@example.org", "Ada\nBcc", "12345678", []string{"name"}},
		"name that is too long":    {"ada@example.org", strings.Repeat("a", 201), "12345678", []string{"name"}},
		"everything wrong at once": {"ada", "A", "1", []string{"email", "name", "password"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := domain.NewRegistration(tt.email, tt.name, tt.password)
			var got []string
			if err != nil {
				for _, f := range errs.From(err).Fields {
					got = append(got, f.Name)
				}
			}
			if !slices.Equal(got, tt.faults) {
				t.Errorf("got %v, want %v", got, tt.faults)
			}
		})
	}
}
