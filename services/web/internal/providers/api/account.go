package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"stoa/services/web/internal/domain"
)

// own is the path of what an account is to its owner.
const own = "/api/v1/auth/profile/mine"

// Profile is an account as its owner sees it.
type Profile struct {
	domain.Person
	ProfilePicURL string    `json:"profilePicUrl"`
	CreatedAt     time.Time `json:"createdAt"`
}

// MyProfile returns the account of the caller.
func (c *Client) MyProfile(ctx context.Context) (Profile, error) {
	return call[Profile](ctx, c, get(auth, own))
}

// ChangeProfile changes the name and the picture of the caller.
func (c *Client) ChangeProfile(ctx context.Context, name, picture string) (Profile, error) {
	o := to(auth, http.MethodPatch, own)
	o.body = map[string]string{"name": name, "profilePicUrl": picture}
	return call[Profile](ctx, c, o)
}

// VerifyAddress verifies the address of the caller by the mailed code.
func (c *Client) VerifyAddress(ctx context.Context, code string) error {
	o := to(auth, http.MethodPost, own+"/verification")
	o.body = map[string]string{"code": code}
	return do(ctx, c, o)
}

// MailCode has another code mailed. The error is errs.Conflict if the address is verified.
func (c *Client) MailCode(ctx context.Context) error {
	return do(ctx, c, to(auth, http.MethodPost, own+"/verification/mail"))
}

// ChangePassword changes the password of the caller, and ends the other sessions.
func (c *Client) ChangePassword(ctx context.Context, current, password string) error {
	o := to(auth, http.MethodPut, "/api/v1/auth/password")
	o.body = map[string]string{"current": current, "new": password}
	return do(ctx, c, o)
}

// SignedIn is a place where the caller is signed in.
type SignedIn struct {
	ID         string    `json:"id"`
	CreatedAt  time.Time `json:"createdAt"`
	LastUsedAt time.Time `json:"lastUsedAt"`
	UserAgent  string    `json:"userAgent"`
	Address    string    `json:"address"`
	Current    bool      `json:"current"`
}

// MySessions returns a page of the places where the caller is signed in, the latest first.
func (c *Client) MySessions(ctx context.Context, cursor string) (List[SignedIn], error) {
	return call[List[SignedIn]](ctx, c, get(auth, "/api/v1/auth/sessions").with("cursor", cursor))
}

// EndSession signs the caller out somewhere.
func (c *Client) EndSession(ctx context.Context, id string) error {
	return do(ctx, c, to(auth, http.MethodDelete, "/api/v1/auth/sessions", id))
}

// EndOtherSessions signs the caller out everywhere else.
func (c *Client) EndOtherSessions(ctx context.Context) error {
	return do(ctx, c, to(auth, http.MethodDelete, "/api/v1/auth/sessions"))
}

// Archive is how far the archive of what is stored about the caller is: none, collecting, ready or fetched.
type Archive struct {
	State       string    `json:"state"`
	RequestedAt time.Time `json:"requestedAt"`
	ExpiresAt   time.Time `json:"expiresAt"`
}

// MyArchive returns how far the archive is.
func (c *Client) MyArchive(ctx context.Context) (Archive, error) {
	return call[Archive](ctx, c, get(auth, own+"/data"))
}

// RequestArchive begins an archive.
func (c *Client) RequestArchive(ctx context.Context, password string) error {
	o := to(auth, http.MethodPost, own+"/data")
	o.body = map[string]string{"password": password}
	return do(ctx, c, o)
}

// FetchArchive returns the archive, which is handed out once. It may be larger than any other answer, so it is not read here.
func (c *Client) FetchArchive(ctx context.Context) (io.ReadCloser, error) {
	answer, err := c.send(ctx, to(auth, http.MethodPost, own+"/data/fetch"))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode < http.StatusMultipleChoices {
		return answer.Body, nil
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, unanswered(err, auth)
	}
	return nil, refusal(answer, raw)
}

// Leaving is what those decide who delete their accounts.
type Leaving struct {
	Password string `json:"password"`
	// Posts is what becomes of published ones: keep or delete.
	Posts string `json:"posts"`
	// CancelOrders says that those are cancelled which are not shipped.
	CancelOrders bool `json:"cancelOrders,omitempty"`
}

// DeleteAccount deletes the account of the caller. The error is errs.Conflict while orders are in the way.
func (c *Client) DeleteAccount(ctx context.Context, how Leaving) error {
	o := to(auth, http.MethodDelete, own)
	o.body = how
	return do(ctx, c, o)
}
