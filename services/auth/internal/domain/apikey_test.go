package domain_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/services/auth/internal/domain"
)

// keyText stands for an API key; the domain does not parse it.
const keyText = "stoa_0123456789abcdefghijklmn"

func newKey(t *testing.T, expires *time.Time) domain.APIKey {
	t.Helper()
	key := must.Get(domain.NewAPIKey("k-1", keyText[:8], keyText, domain.KeyWish{
		Name: " web pages ", Permissions: []domain.Permission{"shop:write", "blog:read", "shop:write"}, ExpiresAt: expires,
	}, time.Now()))(t)
	return key
}

func TestAPIKey_storesOnlyAHash(t *testing.T) {
	key := newKey(t, nil)
	raw, err := json.Marshal(key)
	if err != nil || strings.Contains(string(raw), keyText) {
		t.Errorf("%s holds the key (%v)", raw, err)
	}
	if key.Name != "web pages" || !slices.Equal(key.Permissions, []domain.Permission{"blog:read", "shop:write"}) {
		t.Errorf("got %+v", key)
	}
}

func TestAPIKey_admits(t *testing.T) {
	now := time.Now()
	open, limited, revoked := newKey(t, nil), newKey(t, new(now.Add(time.Hour))), newKey(t, nil)
	revoked.Revoke(now)
	tests := map[string]struct {
		key  domain.APIKey
		text string
		at   time.Time
		want bool
	}{
		"its own":            {open, keyText, now, true},
		"its own, years on":  {open, keyText, now.AddDate(10, 0, 0), true},
		"another":            {open, keyText + "x", now, false},
		"none":               {open, "", now, false},
		"of nobody":          {domain.APIKey{}, "", now, false},
		"before its expiry":  {limited, keyText, now.Add(time.Hour - 1), true},
		"from its expiry on": {limited, keyText, now.Add(time.Hour), false},
		"revoked":            {revoked, keyText, now, false},
	}
	for name, tt := range tests {
		if got := tt.key.Admits(tt.text, tt.at); got != tt.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestAPIKey_keepsTheTimeOfTheFirstRevocation(t *testing.T) {
	key, now := newKey(t, nil), time.Now()
	key.Revoke(now)
	key.Revoke(now.Add(time.Hour))
	if !key.RevokedAt.Equal(now) {
		t.Errorf("got %s, want %s", key.RevokedAt, now)
	}
}

func TestAPIKey_notesItsUseOnceAMinute(t *testing.T) {
	key, now := newKey(t, nil), time.Now()
	for i, tt := range []struct{ at, want time.Duration }{
		{0, 0}, {time.Second, 0}, {59 * time.Second, 0}, {time.Minute, time.Minute}, {90 * time.Second, time.Minute},
	} {
		if key.Use(now.Add(tt.at)); !key.LastUsedAt.Equal(now.Add(tt.want)) {
			t.Errorf("%d: got %s, want it after %s", i, key.LastUsedAt.Sub(now), tt.want)
		}
	}
}

func TestAPIKey_namesEveryFault(t *testing.T) {
	_, err := domain.NewAPIKey("k-1", "stoa_", keyText, domain.KeyWish{
		Name: "a\nb", Permissions: []domain.Permission{"shop:read", "root"}, ExpiresAt: new(time.Now()),
	}, time.Now().Add(time.Second))
	var names []string
	for _, field := range errs.From(err).Fields {
		names = append(names, field.Name)
	}
	if want := []string{"name", "permissions", "expiresAt"}; !slices.Equal(names, want) || strings.Contains(err.Error(), keyText) {
		t.Errorf("got %v (%v), want %v", names, err, want)
	}
}
