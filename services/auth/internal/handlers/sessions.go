package handlers

import (
	"context"
	"slices"
	"strings"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
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

type sessionsInput struct {
	Cursor string `query:"cursor" doc:"The next of the previous page; absent for the first page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"The most sessions to return"`
}

type sessionsOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Items []session `json:"items" doc:"The active sessions, newest first"`
		Next  string    `json:"next,omitempty" doc:"The cursor of the next page; absent on the last page"`
	}
}

func (h *handlers) listSessions(ctx context.Context, in *sessionsInput) (*sessionsOutput, error) {
	if in.Cursor != "" && !ids.Valid(in.Cursor) {
		return nil, errs.InvalidField("cursor", "is not a cursor of this list")
	}
	caller := identity.CallerOf(ctx)
	all, err := h.sessions.List(ctx, caller.ID)
	if err != nil {
		return nil, err
	}
	out := &sessionsOutput{CacheControl: noStore}
	out.Body.Items = make([]session, 0, in.Limit)
	for _, s := range after(all, in.Cursor) {
		if len(out.Body.Items) == in.Limit {
			out.Body.Next = out.Body.Items[in.Limit-1].ID
			break
		}
		out.Body.Items = append(out.Body.Items, session{
			ID: s.ID, CreatedAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, ExpiresAt: s.ExpiresAt,
			UserAgent: s.UserAgent, Address: s.Address, Current: s.ID == caller.SessionID,
		})
	}
	return out, nil
}

// after returns the sessions that are older than the one with this id, which may have ended. Ids sort by time.
func after(sessions []domain.Session, id string) []domain.Session {
	slices.SortFunc(sessions, func(a, b domain.Session) int { return strings.Compare(b.ID, a.ID) })
	if id == "" {
		return sessions
	}
	return slices.DeleteFunc(sessions, func(s domain.Session) bool { return s.ID >= id })
}

type endSessionInput struct {
	ID string `path:"id" maxLength:"100"`
}

func (h *handlers) endSession(ctx context.Context, in *endSessionInput) (*struct{}, error) {
	return nil, h.sessions.End(ctx, identity.CallerOf(ctx).ID, in.ID)
}

func (h *handlers) endOtherSessions(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, h.sessions.EndOthers(ctx, identity.CallerOf(ctx).SessionID)
}

func (h *handlers) signOut(ctx context.Context, _ *struct{}) (*struct{}, error) {
	caller := identity.CallerOf(ctx)
	return nil, h.sessions.SignOut(ctx, caller.ID, caller.SessionID)
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
	return nil, h.sessions.ChangePassword(ctx, identity.CallerOf(ctx).SessionID, change, in.from())
}

type livenessInput struct {
	ID string `path:"id" maxLength:"100"`
}

type livenessOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         identity.Session
}

// liveness answers another service. A session that ended, expired or never existed is not found.
func liveness(sessions *domain.Sessions) func(ctx context.Context, in *livenessInput) (*livenessOutput, error) {
	ask := Sessions(sessions)
	return func(ctx context.Context, in *livenessInput) (*livenessOutput, error) {
		live, err := ask(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &livenessOutput{CacheControl: noStore, Body: live}, nil
	}
}

// Sessions answers this service as liveness answers the others.
func Sessions(sessions *domain.Sessions) identity.Sessions {
	return func(ctx context.Context, id string) (identity.Session, error) {
		account, err := sessions.AccountOf(ctx, id)
		if err != nil {
			return identity.Session{}, err
		}
		live := identity.Session{AccountID: account.ID}
		for _, role := range account.Roles {
			live.Roles = append(live.Roles, identity.Role(role))
		}
		return live, nil
	}
}
