package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/keyformat"
	"stoa/pkg/common/must"
	process "stoa/pkg/common/service"
	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/identity/signing"
	"stoa/services/auth/internal/domain"
	"stoa/services/auth/internal/repositories"
)

// storeKey stores a key that permits shop:read.
func storeKey(t *testing.T, keys *repositories.APIKeys) string {
	t.Helper()
	id := ids.New()
	text := keyformat.New(id)
	wish := domain.KeyWish{Name: "test", Permissions: []domain.Permission{"shop:read"}}
	key := must.Get(domain.NewAPIKey(id, text[:8], text, wish, time.Now()))(t)
	must.Do(t, keys.Create(t.Context(), key, func(*domain.APIKey) error { return nil }))
	return text
}

// createdKey is an API key as the API shows it, with the key itself if it is new.
type createdKey struct {
	ID, Name, Prefix, Key string
	Permissions           []string
	CreatedAt             time.Time
	ExpiresAt             time.Time
	LastUsedAt            time.Time
	RevokedAt             time.Time
}

// admin signs in as an ADMIN and returns the header for requests.
func (s service) admin(t *testing.T) string {
	t.Helper()
	return as(s.newAdmin(t, "admin@example.org"))
}

const shopKey = `{"name": " Price comparison ", "permissions": ["shop:write", "shop:read", "shop:read"]}`

func (s service) createKey(t *testing.T, body string, headers ...string) createdKey {
	t.Helper()
	return webtest.Read[createdKey](s.ask(t, http.MethodPost, "/apikeys", body, headers...), http.StatusCreated)
}

// verify asks whether a key is valid and returns what it permits.
func (s service) verify(t *testing.T, key string) (status int, permissions []string) {
	t.Helper()
	answer := s.ask(t, http.MethodGet, "/verify/apikey", "", "X-Api-Key: "+key)
	var body struct{ Permissions []string }
	_ = json.Unmarshal(answer.Body.Bytes(), &body) // a problem has none
	return answer.Code, body.Permissions
}

func TestAPIKeys_areShownOnceAndPermitWhatTheyShould(t *testing.T) {
	s := newService(t)
	admin := s.admin(t)
	answer := s.ask(t, http.MethodPost, "/apikeys", shopKey, admin)
	made := webtest.Read[createdKey](answer, http.StatusCreated)
	want := []string{"shop:read", "shop:write"}
	if made.Name != "Price comparison" || !slices.Equal(made.Permissions, want) || !strings.HasPrefix(made.Key, made.Prefix) {
		t.Errorf("got %s", answer.Body)
	}
	if answer.Header().Get("Location") != "/api/v1/auth/apikeys/"+made.ID || answer.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got %v", answer.Header())
	}
	if status, permissions := s.verify(t, made.Key); status != http.StatusOK || !slices.Equal(permissions, want) {
		t.Errorf("verified: %d, %v", status, permissions)
	}
	secret := made.Key[len(made.Prefix):]
	shown := s.ask(t, http.MethodGet, "/apikeys/"+made.ID, "", admin)
	listed := s.ask(t, http.MethodGet, "/apikeys", "", admin)
	if one := webtest.Read[createdKey](shown, http.StatusOK); one.ID != made.ID || strings.Contains(shown.Body.String(), secret) {
		t.Errorf("shown later: %s", shown.Body)
	}
	if page := webtest.Read[struct{ Items []createdKey }](listed, http.StatusOK); len(page.Items) != 2 || page.Items[0].ID != made.ID ||
		strings.Contains(listed.Body.String(), secret) {
		t.Errorf("listed: %s", listed.Body)
	}
	for _, key := range s.states.Keys("auth-store", "") {
		if document := s.states.Value("auth-store", key); strings.Contains(document, secret) {
			t.Errorf("%s holds the secret: %s", key, document)
		}
	}
}

func TestAPIKeys_thatAreNotValidAreRefusedAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		admin := s.admin(t)
		revoked := s.createKey(t, shopKey, admin)
		for range 2 { // to revoke it again does no harm
			s.ask(t, http.MethodDelete, "/apikeys/"+revoked.ID, "", admin).Expect(http.StatusNoContent)
		}
		expired := s.createKey(t, fmt.Sprintf(`{"name": "short", "permissions": ["shop:read"], "expiresAt": %q}`,
			time.Now().Add(time.Hour).Format(time.RFC3339Nano)), admin)
		time.Sleep(time.Until(expired.ExpiresAt))
		var bodies []string
		for name, key := range map[string]string{
			"revoked": revoked.Key, "expired": expired.Key, "unknown": keyformat.New(ids.New()), "typo": s.apiKey + "x",
			"not a key": "hunter2", "another's proof": keyformat.New(expired.ID), "as long as a header": strings.Repeat("x", 4000),
		} {
			answer := s.ask(t, http.MethodGet, "/verify/apikey", "", "X-Api-Key: "+key)
			refused(t, answer, errs.Forbidden, "")
			bodies = append(bodies, answer.Body.String())
			if answer.Body.String() != bodies[0] {
				t.Errorf("%s: %s can be told from %s", name, answer.Body, bodies[0])
			}
		}
		admin = as(webtest.Read[grant](s.signIn(t, "admin@example.org", "correct horse"), http.StatusOK))
		if shown := webtest.Read[createdKey](s.ask(t, http.MethodGet, "/apikeys/"+revoked.ID, "", admin), http.StatusOK); shown.RevokedAt.IsZero() {
			t.Errorf("it does not say that it is revoked: %+v", shown)
		}
	})
}

func TestAPIKeys_thatAreMalformedCostNoRead(t *testing.T) {
	s := newService(t)
	s.states.Before = func(string, string) error { return status.Error(codes.Unavailable, "down") }
	if code, _ := s.verify(t, "stoa_0123456789abcdefghijklmn"); code != http.StatusForbidden {
		t.Errorf("got %d, want 403 without a look into the store", code)
	}
	if code, _ := s.verify(t, s.apiKey); code != http.StatusServiceUnavailable {
		t.Errorf("got %d for a key that cannot be looked up, want 503", code)
	}
}

func TestAPIKeys_refuseWhatIsNotValid(t *testing.T) {
	s := newService(t)
	admin := s.admin(t)
	before := s.states.Keys("auth-store", "")
	for name, tt := range map[string]struct{ body, field string }{
		"no name":             {`{"permissions": ["shop:read"]}`, "name"},
		"blank name":          {`{"name": "  ", "permissions": ["shop:read"]}`, "name"},
		"control characters":  {`{"name": "a\u0000b", "permissions": ["shop:read"]}`, "name"},
		"long name":           {`{"name": "` + strings.Repeat("x", 101) + `", "permissions": ["shop:read"]}`, "name"},
		"no permissions":      {`{"name": "x"}`, "permissions"},
		"empty permissions":   {`{"name": "x", "permissions": []}`, "permissions"},
		"null":                {`{"name": "x", "permissions": null}`, "permissions"},
		"unknown permission":  {`{"name": "x", "permissions": ["shop:read", "shop:*"]}`, "permissions[1]"},
		"expired":             {`{"name": "x", "permissions": ["shop:read"], "expiresAt": "2020-01-01T00:00:00Z"}`, "expiresAt"},
		"expired for ages":    {`{"name": "x", "permissions": ["shop:read"], "expiresAt": "0001-01-01T00:00:00Z"}`, "expiresAt"},
		"after all time":      {`{"name": "x", "permissions": ["shop:read"], "expiresAt": "9999-12-31T23:59:59-12:00"}`, "expiresAt"},
		"malformed expiry":    {`{"name": "x", "permissions": ["shop:read"], "expiresAt": "tomorrow"}`, "expiresAt"},
		"a chosen key":        {`{"name": "x", "permissions": ["shop:read"], "key": "stoa_x"}`, "key"},
		"revoked in advance":  {`{"name": "x", "permissions": ["shop:read"], "revokedAt": null}`, "revokedAt"},
		"a chosen id":         {`{"name": "x", "permissions": ["shop:read"], "id": "x"}`, "id"},
		"permissions as text": {`{"name": "x", "permissions": "shop:read"}`, "permissions"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, s.ask(t, http.MethodPost, "/apikeys", tt.body, admin), errs.Invalid, tt.field)
		})
	}
	for _, id := range []string{"unknown", "a%7C%7Cb"} {
		refused(t, s.ask(t, http.MethodGet, "/apikeys/"+id, "", admin), errs.Invalid, "id")
		refused(t, s.ask(t, http.MethodDelete, "/apikeys/"+id, "", admin), errs.Invalid, "id")
	}
	refused(t, s.ask(t, http.MethodDelete, "/apikeys/"+ids.New(), "", admin), errs.NotFound, "")
	refused(t, s.ask(t, http.MethodGet, "/apikeys?cursor=x", "", admin), errs.Invalid, "cursor")
	if after := s.states.Keys("auth-store", ""); !slices.Equal(after, before) {
		t.Errorf("refused requests left something behind: %v after %v", after, before)
	}
}

// A repeated request makes no second key and does not show the first one.
func TestAPIKeys_areCreatedOnceForEachIdempotencyKey(t *testing.T) {
	s := newService(t)
	admin := s.admin(t)
	answers := webtest.Together(20, func(int) *webtest.Answer {
		return s.ask(t, http.MethodPost, "/apikeys", shopKey, admin, "Idempotency-Key: k-1")
	})
	var made createdKey
	for _, answer := range answers {
		if answer.Code == http.StatusCreated && made.ID == "" {
			made = webtest.Read[createdKey](answer, http.StatusCreated)
		} else {
			refused(t, answer, errs.Conflict, "")
		}
	}
	if code, _ := s.verify(t, made.Key); code != http.StatusOK {
		t.Errorf("the one key that was shown: got %d", code)
	}
	again := s.ask(t, http.MethodPost, "/apikeys", shopKey, admin, "Idempotency-Key: k-1")
	if refused(t, again, errs.Conflict, ""); !strings.Contains(again.Body.String(), made.ID) {
		t.Errorf("it does not name the key: %s", again.Body)
	}
	other := s.ask(t, http.MethodPost, "/apikeys", strings.Replace(shopKey, "Price", "Other", 1), admin, "Idempotency-Key: k-1")
	refused(t, other, errs.KeyReused, "")
	s.createKey(t, shopKey, admin, "Idempotency-Key: k-2")
	listed := webtest.Read[struct{ Items []createdKey }](s.ask(t, http.MethodGet, "/apikeys", "", admin), http.StatusOK)
	if len(listed.Items) != 3 { // with the one of newService
		t.Errorf("there are %+v", listed.Items)
	}
}

func TestAPIKeys_areListedInPages(t *testing.T) {
	s := newService(t)
	admin := s.admin(t)
	want := []string{s.createKey(t, shopKey, admin).ID, s.createKey(t, shopKey, admin).ID}
	list := func(query string) web.Listing[createdKey] {
		return webtest.Read[web.Listing[createdKey]](s.ask(t, http.MethodGet, "/apikeys"+query, "", admin), http.StatusOK)
	}
	first := list("?limit=1")
	rest := list("?cursor=" + first.Next)
	if len(first.Items) != 1 || first.Items[0].ID != want[1] || len(rest.Items) != 2 || rest.Items[0].ID != want[0] || rest.Next != "" {
		t.Errorf("want %v, newest first, and the one of newService, got %+v and %+v", want, first, rest)
	}
}

func TestAPIKeys_noteTheirUseOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		var writes int
		slow := func(operation, key string) error {
			if operation == "save" && strings.HasPrefix(key, "apikey:") {
				writes++
				time.Sleep(time.Second)
			}
			return nil
		}
		s.states.Before = slow
		go func() { _ = process.Every(domain.UsesPause, s.keys.WriteUses)(t.Context()) }()
		for began := time.Now(); time.Since(began) < 3*time.Minute; time.Sleep(100 * time.Millisecond) {
			asked := time.Now()
			if code, _ := s.verify(t, s.apiKey); code != http.StatusOK || time.Since(asked) > 0 {
				t.Fatalf("got %d after %s, while the use is noted", code, time.Since(asked))
			}
		}
		if writes != 3 {
			t.Errorf("%d writes in three minutes", writes)
		}
	})
}

func TestKeySet_isPublic(t *testing.T) {
	s := newService(t)
	answer := s.ask(t, http.MethodGet, "/.well-known/jwks.json", "")
	keys := webtest.Read[map[string][]map[string]any](answer, http.StatusOK)["keys"]
	unfit := func(key map[string]any) bool { return key["kid"] == "" || key["d"] != nil }
	if len(keys) != 2 || slices.ContainsFunc(keys, unfit) {
		t.Errorf("got %v", keys)
	}
	var seconds int
	if _, err := fmt.Sscanf(answer.Header().Get("Cache-Control"), "public, max-age=%d", &seconds); err != nil || seconds == 0 {
		t.Errorf("the keys cannot be cached: %q, %v", answer.Header().Get("Cache-Control"), err)
	}
	if kept := time.Duration(seconds) * time.Second; kept >= signing.LeadTime {
		t.Errorf("a key may sign after %s, but caches keep the set without it for %s", signing.LeadTime, kept)
	}
}
