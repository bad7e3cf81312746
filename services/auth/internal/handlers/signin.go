package handlers

import (
	"context"
	"time"

	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
)

// Sessions is where sessions are kept.
type Sessions interface {
	Add(ctx context.Context, session domain.Session) error
	// Get returns a session by its id, or errs.NotFound.
	Get(ctx context.Context, id string) (domain.Session, error)
}

// Tokens issues access tokens and publishes the keys against which they verify.
type Tokens interface {
	Issue(account domain.Account, sessionID string) (token string, ttl time.Duration, err error)
	KeySet() identity.KeySet
}

// user is an account as its owner sees it.
type user struct {
	ID    string        `json:"id" format:"uuid"`
	Email domain.Email  `json:"email" format:"email"`
	Name  string        `json:"name"`
	Roles []domain.Role `json:"roles" doc:"What the account may do; no role contains another"`
}

func userOf(a domain.Account) user {
	return user{ID: a.ID, Email: a.Email, Name: a.Name, Roles: a.Roles}
}

// grant is the answer to signing in.
type grant struct {
	User         user   `json:"user"`
	AccessToken  string `json:"accessToken" doc:"Send it as Authorization: Bearer TOKEN"`
	RefreshToken string `json:"refreshToken" doc:"Opaque; it belongs to the session that begins here"`
	ExpiresIn    int    `json:"expiresIn" doc:"For how many seconds the access token holds"`
}

type signUpInput struct {
	Body struct {
		Email    string `json:"email" format:"email" maxLength:"254" example:"ada@example.org"`
		Password string `json:"password" minLength:"8" maxLength:"100" doc:"At most 100 bytes in UTF-8"`
		Name     string `json:"name" minLength:"2" maxLength:"200" example:"Ada Lovelace"`
	}
}

type signUpOutput struct {
	Location     string `header:"Location"`
	CacheControl string `header:"Cache-Control"`
	Body         grant
}

func (h *Handlers) signUp(ctx context.Context, in *signUpInput) (*signUpOutput, error) {
	registration, err := domain.NewRegistration(in.Body.Email, in.Body.Name, in.Body.Password)
	if err != nil {
		return nil, err
	}
	account, err := h.accounts.Register(ctx, registration)
	if err != nil {
		return nil, err
	}
	granted, err := h.open(ctx, account)
	if err != nil {
		return nil, err
	}
	return &signUpOutput{Location: base + "/profile/mine", CacheControl: noStore, Body: granted}, nil
}

// signInInput asks no more of a password than that it can be one: the rules are for those who choose one.
type signInInput struct {
	Body struct {
		Email    string `json:"email" format:"email" maxLength:"254" example:"ada@example.org"`
		Password string `json:"password" minLength:"1" maxLength:"100"`
	}
}

type signInOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         grant
}

func (h *Handlers) signIn(ctx context.Context, in *signInInput) (*signInOutput, error) {
	account, err := h.accounts.Authenticate(ctx, in.Body.Email, in.Body.Password)
	if err != nil {
		return nil, err
	}
	granted, err := h.open(ctx, account)
	if err != nil {
		return nil, err
	}
	return &signInOutput{CacheControl: noStore, Body: granted}, nil
}

// noStore keeps tokens and personal data out of every cache on the way.
const noStore = "no-store"

// open begins a session of the account.
func (h *Handlers) open(ctx context.Context, account domain.Account) (grant, error) {
	session, refreshToken := domain.NewSession(h.newID(), account.ID, time.Now())
	if err := h.sessions.Add(ctx, session); err != nil {
		return grant{}, err
	}
	accessToken, ttl, err := h.tokens.Issue(account, session.ID)
	if err != nil {
		return grant{}, err
	}
	return grant{
		User: userOf(account), AccessToken: accessToken, RefreshToken: refreshToken, ExpiresIn: int(ttl.Seconds()),
	}, nil
}
