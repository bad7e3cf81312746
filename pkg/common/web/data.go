package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// DataKind is one kind of what a service stores about accounts, see docs/decisions/0040.
type DataKind struct {
	name string
	page func(ctx context.Context, accountID, cursor string) (things []json.RawMessage, next string, err error)
}

// DataKindOf returns a kind. page returns some of what is stored about an account, from a cursor on, "" for the beginning, and the
// cursor of the next page, "" at the end.
func DataKindOf[T any](name string, page func(ctx context.Context, accountID, cursor string) ([]T, string, error)) DataKind {
	return DataKind{name, func(ctx context.Context, accountID, cursor string) ([]json.RawMessage, string, error) {
		things, next, err := page(ctx, accountID, cursor)
		all := make([]json.RawMessage, len(things))
		for i, thing := range things {
			all[i], _ = json.Marshal(thing) // it was read from a store
		}
		return all, next, err
	}}
}

type dataInput struct {
	ID     string `path:"id" format:"uuid"`
	Cursor string `query:"cursor"`
}

type dataOutput struct{ Body data }

// data is a page of what a service stores about an account.
type data struct {
	Pieces []piece `json:"pieces" nullable:"false"`
	Next   string  `json:"next,omitempty"`
}

type piece struct {
	Kind string          `json:"kind"`
	Data json.RawMessage `json:"data"`
}

// DataRoute adds the internal operation by which auth collects what the service stores about an account, one kind after the other.
func DataRoute(api huma.API, kinds ...DataKind) {
	huma.Register(api, huma.Operation{
		OperationID: "data-of-account", Method: http.MethodGet, Path: "/accounts/{id}/data",
		Summary: "List what is stored about an account",
	}, func(ctx context.Context, in *dataInput) (*dataOutput, error) {
		page, err := dataPage(ctx, kinds, in)
		return &dataOutput{page}, err
	})
}

// dataPage returns a page of one kind. Its cursor begins with the kind, and is not "" while another kind follows.
func dataPage(ctx context.Context, kinds []DataKind, in *dataInput) (data, error) {
	name, cursor, _ := strings.Cut(in.Cursor, " ")
	at := max(0, slices.IndexFunc(kinds, func(k DataKind) bool { return k.name == name }))
	kind := kinds[at]
	things, next, err := kind.page(ctx, in.ID, cursor)
	switch {
	case next != "":
		next = kind.name + " " + next
	case at+1 < len(kinds):
		next = kinds[at+1].name + " "
	}
	page := data{Pieces: make([]piece, len(things)), Next: next}
	for i, thing := range things {
		page.Pieces[i] = piece{kind.name, thing}
	}
	return page, err
}
