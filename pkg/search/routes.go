package search

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/pkg/identity"
)

type (
	askedOutput struct {
		Location string `header:"Location" doc:"Where the rebuild is watched"`
		Body     Rebuild
	}
	rebuildOutput struct{ Body Rebuild }
)

// RebuildRoutes adds the operations by which staff have an index of posts, say, made again, and watch that. path is where both are.
func RebuildRoutes(api huma.API, x *Index, noun, path string) {
	staff, tags := identity.SignedIn(identity.Staff, identity.Admin), []string{"searching"}

	// It goes on after a restart, and searches find what they found before until it is done.
	huma.Register(api, huma.Operation{
		OperationID: "rebuild-" + noun + "-search", Method: http.MethodPost, Path: path, DefaultStatus: http.StatusAccepted,
		Summary: "Make the search index again", Tags: tags, Security: staff,
		Description: "While a rebuild is going on, this returns it.",
	}, func(ctx context.Context, _ *struct{}) (*askedOutput, error) {
		r, err := x.AskRebuild(ctx)
		return &askedOutput{path, r}, err
	})
	huma.Register(api, huma.Operation{
		OperationID: "watch-" + noun + "-search", Method: http.MethodGet, Path: path,
		Summary: "Show how far the latest rebuild of the search index is", Tags: tags, Security: staff,
		Responses: web.Refusals(map[int]string{http.StatusNotFound: "Nobody has asked for a rebuild"}),
	}, func(ctx context.Context, _ *struct{}) (*rebuildOutput, error) {
		r, err := x.LatestRebuild(ctx)
		return &rebuildOutput{r}, err
	})
}
