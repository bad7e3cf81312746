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
	LastUsedAt time.Time `json:"lastUsedAt" doc:"When it was signed in or last refreshed"`
	ExpiresAt  time.Time `json:"expiresAt" doc:"When it ends unless it is refreshed before"`
	UserAgent  string    `json:"userAgent" doc:"What the program said about itself then"`
	Address    string    `json:"address" doc:"The network address that it came from then"`
	Current    bool      `json:"current" doc:"Whether it is the one of this request"`
}

type sessionsInput struct {
	Cursor string `query:"cursor" doc:"Where to go on: the next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many at most"`
}

type sessionsOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Items []session `json:"items" doc:"The sessions that have not ended, newest first"`
		Next  string    `json:"next,omitempty" doc:"The cursor of the next page; absent on the last"`
	}
}

func (h *Handlers) listSessions(ctx context.Context, in *sessionsInput) (*sessionsOutput, error) {
	if in.Cursor != "" && !ids.Valid(in.Cursor) {
		return nil, errs.InvalidField("cursor", "is none that this list gave out")
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

// after returns the sessions that are older than the one with this id, which may have ended since: ids sort by time.
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

func (h *Handlers) endSession(ctx context.Context, in *endSessionInput) (*struct{}, error) {
	return nil, h.sessions.End(ctx, identity.CallerOf(ctx).ID, in.ID)
}

func (h *Handlers) endOtherSessions(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, h.sessions.EndOthers(ctx, identity.CallerOf(ctx).SessionID)
}

func (h *Handlers) signOut(ctx context.Context, _ *struct{}) (*struct{}, error) {
	caller := identity.CallerOf(ctx)
	return nil, h.sessions.SignOut(ctx, caller.ID, caller.SessionID)
}
