package handlers

import (
	"context"
	"encoding/json"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/keyformat"
	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
)

// APIKeys is where API keys are kept.
type APIKeys interface {
	// Create stores a new key: errs.Conflict if its id has one.
	Create(ctx context.Context, key domain.APIKey) error
	// Find returns the key with this id, or errs.NotFound.
	Find(ctx context.Context, id string) (domain.APIKey, error)
	// Update changes a key by a pure function: errs.NotFound if there is none.
	Update(ctx context.Context, id string, change func(*domain.APIKey)) (domain.APIKey, error)
	// List pages through all keys, newest first; a next of "" is the end.
	List(ctx context.Context, cursor string, limit int) (keys []domain.APIKey, next string, err error)
}

// Keys answers requests about API keys, and about the keys that tokens are signed with.
type Keys struct {
	tokens Tokens
	keys   APIKeys
	uses   *Uses
	newID  func() string
}

// NewKeys returns the handlers; uses notes what becomes of the keys.
func NewKeys(tokens Tokens, keys APIKeys, uses *Uses, newID func() string) *Keys {
	return &Keys{tokens: tokens, keys: keys, uses: uses, newID: newID}
}

type keySetOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         identity.KeySet
}

// keySetKept is how long caches may keep the key set: they have to learn of a key before it signs, see signing.LeadTime.
const keySetKept = "public, max-age=5"

func (k *Keys) keySet(context.Context, *struct{}) (*keySetOutput, error) {
	return &keySetOutput{CacheControl: keySetKept, Body: k.tokens.KeySet()}, nil
}

type verifyInput struct {
	Key string `header:"X-Api-Key" doc:"The key; 401 without one, 403 for one that is not valid"`
}

type verifyOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		KeyID       string              `json:"keyId"`
		Permissions []domain.Permission `json:"permissions"`
	}
}

// verify answers one thing to all that is not valid: unknown, expired, revoked, or no key at all.
func (k *Keys) verify(ctx context.Context, in *verifyInput) (*verifyOutput, error) {
	if in.Key == "" {
		return nil, errs.New(errs.Unauthenticated, "send an API key in the header X-Api-Key")
	}
	key, err := k.lookUp(ctx, in.Key)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if !key.Admits(in.Key, now) {
		return nil, errs.New(errs.Forbidden, "this API key is not valid")
	}
	k.uses.note(key, now)
	out := &verifyOutput{CacheControl: noStore}
	out.Body.KeyID, out.Body.Permissions = key.ID, key.Permissions
	return out, nil
}

// lookUp returns what is kept of a key, nothing for one that is not known. Most of what is invented costs no read.
func (k *Keys) lookUp(ctx context.Context, text string) (domain.APIKey, error) {
	id, _, ok := keyformat.Parse(text)
	if !ok {
		return domain.APIKey{}, nil
	}
	key, err := k.keys.Find(ctx, id)
	if errs.Is(err, errs.NotFound) {
		return domain.APIKey{}, nil
	}
	return key, err
}

// APIKey is what can be said of a key once it is made. It is exported because huma passes over embedded fields of types
// that are not.
type APIKey struct {
	ID          string              `json:"id" format:"uuid"`
	Name        string              `json:"name" doc:"What it is for"`
	Prefix      string              `json:"prefix" doc:"How the key begins, to tell it from others"`
	Permissions []domain.Permission `json:"permissions" nullable:"false"`
	CreatedAt   time.Time           `json:"createdAt"`
	ExpiresAt   *time.Time          `json:"expiresAt,omitempty" doc:"Absent if it does not expire"`
	LastUsedAt  *time.Time          `json:"lastUsedAt,omitempty" doc:"To the minute; absent if it never was"`
	RevokedAt   *time.Time          `json:"revokedAt,omitempty" doc:"Absent unless it was revoked"`
}

func apiKeyOf(k domain.APIKey) APIKey {
	return APIKey{
		ID: k.ID, Name: k.Name, Prefix: k.Prefix, Permissions: k.Permissions, CreatedAt: k.CreatedAt,
		ExpiresAt: moment(k.ExpiresAt), LastUsedAt: moment(k.LastUsedAt), RevokedAt: moment(k.RevokedAt),
	}
}

// moment is nil for a time that never was.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type createKeyInput struct {
	Key  string `header:"Idempotency-Key" minLength:"1" maxLength:"200" pattern:"^[!-~]+$" doc:"Sent again with the same key, no second API key is made"`
	Body newAPIKey
}

type newAPIKey struct {
	Name        string              `json:"name" minLength:"1" maxLength:"100" doc:"What it is for" example:"price comparison"`
	Permissions []domain.Permission `json:"permissions" minItems:"1" maxItems:"20" enum:"blog:read,blog:write,shop:read,shop:write" nullable:"false"`
	ExpiresAt   *time.Time          `json:"expiresAt,omitempty" doc:"From when on it is not valid any more; never if absent"`
}

// fingerprint tells one request from another.
func (n newAPIKey) fingerprint() string {
	raw, _ := json.Marshal(n) // what was read from JSON always marshals
	return ids.Derive("request", string(raw))
}

type createKeyOutput struct {
	Location     string `header:"Location"`
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		APIKey
		Key string `json:"key" doc:"The key itself. It is shown here and never again"`
	}
}

func (k *Keys) create(ctx context.Context, in *createKeyInput) (*createKeyOutput, error) {
	id, request := k.newID(), ""
	if in.Key != "" {
		id, request = ids.Derive("apikey", identity.CallerOf(ctx).ID, in.Key), in.Body.fingerprint()
	}
	text := keyformat.New(id)
	_, prefix, _ := keyformat.Parse(text)
	wish := domain.KeyWish{Name: in.Body.Name, Permissions: in.Body.Permissions, ExpiresAt: in.Body.ExpiresAt}
	key, err := domain.NewAPIKey(id, prefix, text, wish, time.Now())
	if err != nil {
		return nil, err
	}
	key.Request = request
	if err := k.keys.Create(ctx, key); errs.Is(err, errs.Conflict) {
		return nil, k.madeBefore(ctx, key)
	} else if err != nil {
		return nil, err
	}
	out := &createKeyOutput{Location: base + "/apikeys/" + id, CacheControl: noStore}
	out.Body.APIKey, out.Body.Key = apiKeyOf(key), text
	return out, nil
}

// madeBefore is the answer to a request that came again: nothing that could show the key a second time is kept.
func (k *Keys) madeBefore(ctx context.Context, key domain.APIKey) error {
	kept, err := k.keys.Find(ctx, key.ID)
	switch {
	case err != nil:
		return err
	case kept.Request != key.Request:
		return errs.New(errs.KeyReused, "this Idempotency-Key came with another request before")
	default:
		return errs.New(errs.Conflict, "this request has made the API key %s already, which is shown only once; "+
			"if it did not reach you, revoke it, and create another with a new Idempotency-Key", kept.ID)
	}
}

// keyPath is the input of operations on one key.
type keyPath struct {
	ID string `path:"id" maxLength:"100" doc:"The key's id"`
}

type apiKeyOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         APIKey
}

func (k *Keys) get(ctx context.Context, in *keyPath) (*apiKeyOutput, error) {
	key, err := k.keys.Find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &apiKeyOutput{CacheControl: noStore, Body: apiKeyOf(key)}, nil
}

type listKeysInput struct {
	Cursor string `query:"cursor" doc:"Where to go on: the next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many at most"`
}

type apiKeyPage struct {
	Items []APIKey `json:"items" nullable:"false"`
	Next  string   `json:"next,omitempty" doc:"The cursor of the next page; absent on the last"`
}

type listKeysOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         apiKeyPage
}

func (k *Keys) list(ctx context.Context, in *listKeysInput) (*listKeysOutput, error) {
	keys, next, err := k.keys.List(ctx, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	page := apiKeyPage{Items: make([]APIKey, len(keys)), Next: next}
	for i, key := range keys {
		page.Items[i] = apiKeyOf(key)
	}
	return &listKeysOutput{CacheControl: noStore, Body: page}, nil
}

func (k *Keys) revoke(ctx context.Context, in *keyPath) (*struct{}, error) {
	now := time.Now()
	_, err := k.keys.Update(ctx, in.ID, func(key *domain.APIKey) { key.Revoke(now) })
	return nil, err
}
