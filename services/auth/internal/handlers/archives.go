package handlers

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humamux"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
	"stoa/pkg/observability"
	"stoa/services/auth/internal/domain"
)

// archive is how far an archive is.
type archive struct {
	State       domain.ArchiveState `json:"state" enum:"none,collecting,ready,fetched"`
	RequestedAt time.Time           `json:"requestedAt,omitzero"`
	ExpiresAt   time.Time           `json:"expiresAt,omitzero" doc:"Until when it can be fetched; absent unless it is ready"`
}

func archiveOf(a domain.Archive) archive {
	view := archive{State: a.State(time.Now()), RequestedAt: a.RequestedAt}
	if view.State == domain.Ready {
		view.ExpiresAt = a.ReadyAt.Add(domain.ArchiveTTL)
	}
	return view
}

type requestDataInput struct {
	Client
	Body struct {
		Password string `json:"password" minLength:"1" maxLength:"100" doc:"The password of the account"`
	}
}

func (h *handlers) requestData(ctx context.Context, in *requestDataInput) (*private[archive], error) {
	requested, err := h.archives.Request(ctx, in.by(ctx), in.Body.Password)
	return privately(archiveOf(requested), err)
}

func (h *handlers) dataState(ctx context.Context, _ *struct{}) (*private[archive], error) {
	found, err := h.archives.Of(ctx, identity.CallerOf(ctx).ID)
	return privately(archiveOf(found), err)
}

type fetchDataOutput struct {
	ContentType  string `header:"Content-Type"`
	Disposition  string `header:"Content-Disposition"`
	CacheControl string `header:"Cache-Control"`
	Body         func(ctx huma.Context)
}

func (h *handlers) fetchData(ctx context.Context, in *Client) (*fetchDataOutput, error) {
	fetched, pieces, err := h.archives.Fetch(ctx, in.by(ctx))
	if err != nil {
		return nil, err
	}
	return &fetchDataOutput{
		ContentType: "application/json", Disposition: `attachment; filename="my-data.json"`, CacheControl: noStore,
		Body: func(ctx huma.Context) {
			_, w := humamux.Unwrap(ctx)
			if err := writeArchive(web.Pieces(w), fetched, pieces); err != nil {
				observability.Log(ctx.Context()).Warn().Err(err).Msg("an archive is incomplete")
			}
		},
	}, nil
}

// writeArchive writes an archive as one JSON document, piece by piece. After an error its end is missing, so that nobody takes
// it for complete, and it can be fetched again.
func writeArchive(w io.Writer, a domain.Archive, pieces iter.Seq2[domain.Piece, error]) error {
	head, _ := json.Marshal(a.RequestedAt) // a time always marshals
	if _, err := io.WriteString(w, `{"requestedAt":`+string(head)+`,"data":[`); err != nil {
		return err
	}
	comma := ""
	for piece, err := range pieces {
		if err != nil {
			return err
		}
		raw, err := json.Marshal(piece)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, comma+"\n"+string(raw)); err != nil {
			return err
		}
		comma = ","
	}
	_, err := io.WriteString(w, "\n]}\n")
	return err
}
