package handlers

import (
	"context"
	"strings"
	"time"

	"stoa/services/auth/internal/domain"
)

// Client is where a request comes from; inputs embed it (huma sees exported types only). The gateway writes the address that
// it sees alone or, as Kong does, at the end of what was there before; what the sidecars add on the way stands in headers of
// their own after that one.
type Client struct {
	Forwarded string `header:"X-Forwarded-For" hidden:"true"`
	UserAgent string `header:"User-Agent" hidden:"true"`
}

func (c Client) from() domain.Client {
	address := c.Forwarded[strings.LastIndex(c.Forwarded, ",")+1:]
	return domain.Client{Address: strings.TrimSpace(address), UserAgent: c.UserAgent}
}

// user is an account as its owner sees it.
type user struct {
	ID            string        `json:"id" format:"uuid"`
	Email         domain.Email  `json:"email" format:"email"`
	Name          string        `json:"name"`
	ProfilePicURL string        `json:"profilePicUrl,omitempty" format:"uri"`
	Roles         []domain.Role `json:"roles" doc:"What the account may do; no role contains another"`
	CreatedAt     time.Time     `json:"createdAt"`
}

func userOf(a domain.Account) user {
	return user{
		ID: a.ID, Email: a.Email, Name: a.Name, ProfilePicURL: a.PictureURL, Roles: a.Roles, CreatedAt: a.CreatedAt,
	}
}

// grant is the answer to coming in.
type grant struct {
	User         user   `json:"user"`
	AccessToken  string `json:"accessToken" doc:"Send it as Authorization: Bearer TOKEN"`
	RefreshToken string `json:"refreshToken" doc:"Opaque, for one use: exchange it for the next pair of tokens"`
	ExpiresIn    int    `json:"expiresIn" doc:"For how many seconds the access token holds"`
}

// grantOf adds an access token to what somebody is granted.
func (h *Handlers) grantOf(granted domain.Grant) (grant, error) {
	accessToken, ttl, err := h.tokens.Issue(granted.Account, granted.SessionID)
	if err != nil {
		return grant{}, err
	}
	return grant{
		User: userOf(granted.Account), AccessToken: accessToken, RefreshToken: granted.RefreshToken,
		ExpiresIn: int(ttl.Seconds()),
	}, nil
}

type grantOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         grant
}

// noStore keeps tokens and personal data out of every cache on the way.
const noStore = "no-store"

type signUpInput struct {
	Client
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
	granted, err := h.sessions.SignUp(ctx, registration, in.from())
	if err != nil {
		return nil, err
	}
	body, err := h.grantOf(granted)
	return &signUpOutput{Location: base + "/profile/mine", CacheControl: noStore, Body: body}, err
}

// signInInput asks no more of a password than that it can be one: the rules are for those who choose one.
type signInInput struct {
	Client
	Body struct {
		Email    string `json:"email" format:"email" maxLength:"254" example:"ada@example.org"`
		Password string `json:"password" minLength:"1" maxLength:"100"`
	}
}

func (h *Handlers) signIn(ctx context.Context, in *signInInput) (*grantOutput, error) {
	granted, err := h.sessions.SignIn(ctx, in.Body.Email, in.Body.Password, in.from())
	if err != nil {
		return nil, err
	}
	body, err := h.grantOf(granted)
	return &grantOutput{CacheControl: noStore, Body: body}, err
}

type refreshInput struct {
	Client
	Body struct {
		RefreshToken string `json:"refreshToken" minLength:"1" maxLength:"2000" doc:"The latest one of the session"`
	}
}

func (h *Handlers) refresh(ctx context.Context, in *refreshInput) (*grantOutput, error) {
	granted, err := h.sessions.Refresh(ctx, in.Body.RefreshToken, in.from())
	if err != nil {
		return nil, err
	}
	body, err := h.grantOf(granted)
	return &grantOutput{CacheControl: noStore, Body: body}, err
}
