package handlers

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"stoa/pkg/common/web"
	"stoa/services/order/internal/domain"
)

// InternalBase is the path of the operations for other services. No route of the gateway leads there.
const InternalBase = "/internal"

// dataPage is how many orders one answer has: the largest take some 20 KB each.
const dataPage = 50

type openInput struct {
	ID   string `path:"id" format:"uuid"`
	Part int64  `query:"part" minimum:"0" doc:"The part of the orders, from 0 on"`
}

type openOutput struct{ Body openOrders }

type openOrders struct {
	Orders []string `json:"orders" nullable:"false"`
	Next   int64    `json:"next,omitempty" doc:"The next part, absent on the last one"`
}

// InternalRoutes adds the operations for auth, which calls through its sidecar.
func InternalRoutes(api huma.API, orders *domain.Orders) {
	// What is in the way of those who delete their account.
	huma.Register(api, huma.Operation{
		OperationID: "open-orders-of-account", Method: http.MethodGet, Path: "/accounts/{id}/orders",
		Summary: "List the orders of an account that are neither shipped nor ended",
	}, func(ctx context.Context, in *openInput) (*openOutput, error) {
		found, more, err := orders.OpenOf(ctx, in.ID, in.Part)
		page := openOrders{Orders: found}
		if more {
			page.Next = in.Part + 1
		}
		return &openOutput{page}, err
	})

	// For the archive of an account.
	web.DataRoute(api, web.DataKindOf("order", func(ctx context.Context, accountID, cursor string) ([]domain.Record, string, error) {
		return orders.List(ctx, accountID, cursor, dataPage)
	}))
}
