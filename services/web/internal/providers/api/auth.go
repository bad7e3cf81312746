package api

import (
	"context"
	"net/http"
	"time"

	"stoa/services/web/internal/domain"
)

const auth = "auth"

// grant is the answer to a sign-up, a sign-in and a refresh.
type grant struct {
	User         domain.Person `json:"user"`
	AccessToken  string        `json:"accessToken"`
	RefreshToken string        `json:"refreshToken"`
	ExpiresIn    int           `json:"expiresIn"` // in seconds
}

// SignIn signs somebody in. The error is errs.Unauthenticated if address or password are wrong.
func (c *Client) SignIn(ctx context.Context, email, password string) (domain.Grant, error) {
	o := to(auth, http.MethodPost, "/api/v1/auth/signin/basic")
	o.body = map[string]string{"email": email, "password": password}
	return c.granted(ctx, o)
}

// SignUp creates an account and signs in. The error is errs.Conflict if the address has an account.
func (c *Client) SignUp(ctx context.Context, email, password, name string) (domain.Grant, error) {
	o := to(auth, http.MethodPost, "/api/v1/auth/signup/basic")
	o.body = map[string]string{"email": email, "password": password, "name": name}
	return c.granted(ctx, o)
}

// MailPasswordLink has a link mailed that sets a forgotten password, if the address has an account.
func (c *Client) MailPasswordLink(ctx context.Context, email string) error {
	o := to(auth, http.MethodPost, "/api/v1/auth/password/forgotten")
	o.body = map[string]string{"email": email}
	return do(ctx, c, o)
}

// SetForgottenPassword sets a password by what a mailed link ends with.
func (c *Client) SetForgottenPassword(ctx context.Context, link, password string) error {
	o := to(auth, http.MethodPut, "/api/v1/auth/password/forgotten")
	o.body = map[string]string{"link": link, "new": password}
	return do(ctx, c, o)
}

// Refresh exchanges a refresh token for new tokens.
func (c *Client) Refresh(ctx context.Context, refreshToken string) (domain.Grant, error) {
	o := to(auth, http.MethodPost, "/api/v1/auth/token/refresh")
	o.body = map[string]string{"refreshToken": refreshToken}
	return c.granted(ctx, o)
}

// granted makes a call that gives tokens. They are counted from before the question.
func (c *Client) granted(ctx context.Context, o operation) (domain.Grant, error) {
	asked := time.Now()
	g, err := call[grant](ctx, c, o)
	return domain.Grant{
		Person: g.User, AccessToken: g.AccessToken, RefreshToken: g.RefreshToken,
		ExpiresAt: asked.Add(time.Duration(g.ExpiresIn) * time.Second),
	}, err
}

// SignOut ends the session of the caller.
func (c *Client) SignOut(ctx context.Context) error {
	return do(ctx, c, to(auth, http.MethodDelete, "/api/v1/auth/signout"))
}
