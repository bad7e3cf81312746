package api

import (
	"context"
	"net/http"
	"time"
)

// User is an account, as an ADMIN sees it.
type User struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Verified  bool      `json:"verified"`
	Roles     []string  `json:"roles"`
	CreatedAt time.Time `json:"createdAt"`
}

// APIKey is an API key. Key is the key itself, which only the answer has that made it.
type APIKey struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Prefix      string     `json:"prefix"`
	Permissions []string   `json:"permissions"`
	CreatedAt   time.Time  `json:"createdAt"`
	ExpiresAt   *time.Time `json:"expiresAt"`
	LastUsedAt  *time.Time `json:"lastUsedAt"`
	RevokedAt   *time.Time `json:"revokedAt"`
	Key         string     `json:"key"`
}

// Expired reports whether the key was valid until a time in the past.
func (k APIKey) Expired() bool { return k.ExpiresAt != nil && k.ExpiresAt.Before(time.Now()) }

// Usable reports whether the key is neither revoked nor expired.
func (k APIKey) Usable() bool { return k.RevokedAt == nil && !k.Expired() }

// NewAPIKey is an API key that is to be made.
type NewAPIKey struct {
	Name        string     `json:"name"`
	Permissions []string   `json:"permissions"`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"` // nil for a key that does not expire
}

// AuditEntry is what an account did that concerns security.
type AuditEntry struct {
	Act       string    `json:"act"`
	AccountID string    `json:"accountId"`
	Subject   string    `json:"subject"`
	Detail    string    `json:"detail"`
	Network   string    `json:"network"`
	Address   string    `json:"address"`
	UserAgent string    `json:"userAgent"`
	Count     int       `json:"count"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
}

// Refusals are the requests that were refused on a day.
type Refusals struct {
	Day                string
	Networks, Accounts Tally
}

// Tally has the largest counts, and how many requests more there were.
type Tally struct {
	Items []struct {
		Operation   string
		Status      int
		Of          string // a network, or the id of an account
		Count       int
		First, Last time.Time
	}
	Others int
}

// Users returns a page of all accounts, newest first, or the one with this address.
func (c *Client) Users(ctx context.Context, email, cursor string) (List[User], error) {
	return call[List[User]](ctx, c, get(auth, "/api/v1/auth/users").with("email", email, "cursor", cursor))
}

// NameOf returns the name of an account, which everybody may know.
func (c *Client) NameOf(ctx context.Context, accountID string) (string, error) {
	found, err := call[struct{ Name string }](ctx, c, get(auth, "/api/v1/auth/profile/id", accountID))
	return found.Name, err
}

// SetRoles replaces the roles of an account.
func (c *Client) SetRoles(ctx context.Context, id string, roles []string) error {
	o := to(auth, http.MethodPut, "/api/v1/auth/users", id)
	o.path += "/roles"
	o.body = map[string]any{"roles": roles}
	return do(ctx, c, o)
}

// DeleteUser deletes the account of somebody else. posts is what becomes of those that are published: "keep" or "delete".
func (c *Client) DeleteUser(ctx context.Context, id, posts string, cancelOrders bool) error {
	o := to(auth, http.MethodDelete, "/api/v1/auth/users", id)
	o.body = struct {
		CancelOrders bool   `json:"cancelOrders"`
		Posts        string `json:"posts"`
	}{cancelOrders, posts}
	return do(ctx, c, o)
}

// APIKeys returns a page of the API keys, newest first.
func (c *Client) APIKeys(ctx context.Context, cursor string) (List[APIKey], error) {
	return call[List[APIKey]](ctx, c, get(auth, "/api/v1/auth/apikeys").with("cursor", cursor))
}

// APIKey returns an API key, without the key itself.
func (c *Client) APIKey(ctx context.Context, id string) (APIKey, error) {
	return call[APIKey](ctx, c, get(auth, "/api/v1/auth/apikeys", id))
}

// MakeAPIKey makes an API key, once for each idempotency key: errs.Conflict if it has been made.
func (c *Client) MakeAPIKey(ctx context.Context, idempotencyKey string, wish NewAPIKey) (APIKey, error) {
	o := to(auth, http.MethodPost, "/api/v1/auth/apikeys")
	o.key, o.body = idempotencyKey, wish
	return call[APIKey](ctx, c, o)
}

// RevokeAPIKey ends an API key, for good.
func (c *Client) RevokeAPIKey(ctx context.Context, id string) error {
	return do(ctx, c, to(auth, http.MethodDelete, "/api/v1/auth/apikeys", id))
}

// Audit returns a page of the audit log, the latest first, or of what one account did and what was done to it.
func (c *Client) Audit(ctx context.Context, account, cursor string) (List[AuditEntry], error) {
	return call[List[AuditEntry]](ctx, c, get(auth, "/api/v1/auth/audit").with("account", account, "cursor", cursor))
}

// Refusals returns what was refused on a day, "" for today.
func (c *Client) Refusals(ctx context.Context, day string) (Refusals, error) {
	return call[Refusals](ctx, c, get(auth, "/api/v1/auth/audit/refusals").with("day", day))
}
