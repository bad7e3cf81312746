package handlers

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
)

// Client is where a request comes from. It is exported because huma ignores embedded types that are not. The address that
// the gateway saw is the last one in the header; sidecars add headers of their own after it.
type Client struct {
	Forwarded string `header:"X-Forwarded-For" hidden:"true"`
	UserAgent string `header:"User-Agent" hidden:"true"`
}

// neighbours is how many bits of an IPv4 address make the network under which attempts to sign in are counted.
const neighbours = 24

func (c Client) from() domain.Client {
	address := strings.TrimSpace(c.Forwarded[strings.LastIndex(c.Forwarded, ",")+1:])
	from := domain.Client{Address: address, Network: "unknown", UserAgent: c.UserAgent}
	if ip, err := netip.ParseAddr(address); err == nil {
		from.Network = web.Network(ip, neighbours).String()
	}
	return from
}

// by returns who asks for a change: the session of the request, and where it comes from.
func (c Client) by(ctx context.Context) domain.Actor {
	return domain.Actor{SessionID: identity.CallerOf(ctx).SessionID, From: c.from()}
}

// user is an account as its owner and admins see it.
type user struct {
	ID            string        `json:"id" format:"uuid"`
	Email         domain.Email  `json:"email" format:"email"`
	Verified      bool          `json:"verified" doc:"Whether the e-mail address is verified"`
	Name          string        `json:"name"`
	ProfilePicURL string        `json:"profilePicUrl,omitempty" format:"uri"`
	Roles         []domain.Role `json:"roles" doc:"What the account may do; no role includes another"`
	CreatedAt     time.Time     `json:"createdAt"`
}

func userOf(a domain.Account) user {
	return user{
		ID: a.ID, Email: a.Email, Verified: a.Verified(), Name: a.Name, ProfilePicURL: a.PictureURL, Roles: a.AllRoles(),
		CreatedAt: a.CreatedAt,
	}
}

// grant is the answer to a sign-up, a sign-in and a refresh.
type grant struct {
	User         user   `json:"user"`
	AccessToken  string `json:"accessToken" doc:"Send it in the header Authorization, as Bearer TOKEN"`
	RefreshToken string `json:"refreshToken" doc:"Exchange it for new tokens, once"`
	ExpiresIn    int    `json:"expiresIn" doc:"How many seconds the access token is valid"`
}

func grantOf(g domain.Grant) grant {
	return grant{
		User: userOf(g.Account), AccessToken: g.AccessToken, RefreshToken: g.RefreshToken, ExpiresIn: int(g.TTL.Seconds()),
	}
}

type signUpInput struct {
	Client
	Body struct {
		Email    string `json:"email" format:"email" maxLength:"254" doc:"A plain address, without characters that cannot be seen" example:"ada@example.org"`
		Password string `json:"password" minLength:"8" maxLength:"100" doc:"At most 100 bytes in UTF-8"`
		Name     string `json:"name" minLength:"2" maxLength:"200" doc:"Letters, digits and signs of any script; no control characters, and none that cannot be seen" example:"Ada Lovelace"`
	}
}

type signUpOutput struct {
	Location     string `header:"Location"`
	CacheControl string `header:"Cache-Control"`
	Body         grant
}

func (h *handlers) signUp(ctx context.Context, in *signUpInput) (*signUpOutput, error) {
	registration, err := domain.NewRegistration(in.Body.Email, in.Body.Name, in.Body.Password)
	if err != nil {
		return nil, err
	}
	granted, err := h.sessions.SignUp(ctx, registration, in.from())
	if err != nil {
		return nil, err
	}
	return &signUpOutput{Location: base + "/profile/mine", CacheControl: noStore, Body: grantOf(granted)}, nil
}

// signInInput does not repeat the rules for new passwords.
type signInInput struct {
	Client
	Body struct {
		Email    string `json:"email" format:"email" maxLength:"254" example:"ada@example.org"`
		Password string `json:"password" minLength:"1" maxLength:"100"`
	}
}

func (h *handlers) signIn(ctx context.Context, in *signInInput) (*private[grant], error) {
	granted, err := h.sessions.SignIn(ctx, in.Body.Email, in.Body.Password, in.from())
	return privately(grantOf(granted), err)
}

type refreshInput struct {
	Client
	Body struct {
		RefreshToken string `json:"refreshToken" minLength:"1" maxLength:"2000" doc:"The latest refresh token of the session"`
	}
}

func (h *handlers) refresh(ctx context.Context, in *refreshInput) (*private[grant], error) {
	granted, err := h.sessions.Refresh(ctx, in.Body.RefreshToken, in.from())
	return privately(grantOf(granted), err)
}
