package handlers

import (
	"context"
	"time"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/services/auth/internal/domain"
)

// session is a session as its owner sees it.
type session struct {
	ID         string    `json:"id" format:"uuid"`
	CreatedAt  time.Time `json:"createdAt"`
	LastUsedAt time.Time `json:"lastUsedAt" doc:"The time of the sign-in or the last refresh"`
	ExpiresAt  time.Time `json:"expiresAt" doc:"When the session ends, unless it is refreshed before"`
	UserAgent  string    `json:"userAgent" doc:"The user agent of the last use"`
	Address    string    `json:"address" doc:"The IP address of the last use"`
	Current    bool      `json:"current" doc:"Whether it is the session of this request"`
}

func (h *handlers) listSessions(ctx context.Context, in *web.Page) (*private[web.Listing[session]], error) {
	caller := identity.CallerOf(ctx)
	sessions, next, err := h.sessions.List(ctx, caller.ID, in.Cursor, in.Limit)
	return privately(web.ListingOf(sessions, next, func(s domain.Session) session {
		return session{
			ID: s.ID, CreatedAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, ExpiresAt: s.ExpiresAt,
			UserAgent: s.UserAgent, Address: s.Address, Current: s.ID == caller.SessionID,
		}
	}), err)
}

func (h *handlers) endSession(ctx context.Context, in *changeByID) (*struct{}, error) {
	return nil, h.sessions.End(ctx, in.by(ctx), in.ID)
}

func (h *handlers) endOtherSessions(ctx context.Context, in *Client) (*struct{}, error) {
	return nil, h.sessions.EndOthers(ctx, in.by(ctx))
}

func (h *handlers) signOut(ctx context.Context, in *Client) (*struct{}, error) {
	return nil, h.sessions.SignOut(ctx, in.by(ctx))
}

type changePasswordInput struct {
	Client
	Body struct {
		Current string `json:"current" minLength:"1" maxLength:"100"`
		New     string `json:"new" minLength:"8" maxLength:"100" doc:"At most 100 bytes in UTF-8"`
	}
}

func (h *handlers) changePassword(ctx context.Context, in *changePasswordInput) (*struct{}, error) {
	change := domain.PasswordChange{Current: in.Body.Current, New: in.Body.New}
	return nil, h.accounts.ChangePassword(ctx, in.by(ctx), change)
}

// Sessions answers what services ask about a session. One that ended, expired or never existed is not found.
func Sessions(sessions *domain.Sessions) identity.Sessions {
	return func(ctx context.Context, id string) (identity.Session, error) {
		account, err := sessions.AccountOf(ctx, id)
		session := identity.Session{AccountID: account.ID, Verified: account.Verified()}
		for _, role := range account.AllRoles() {
			session.Roles = append(session.Roles, identity.Role(role))
		}
		return session, err
	}
}
