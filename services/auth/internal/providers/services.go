package providers

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"stoa/services/auth/internal/domain"
)

// Apps calls operations of other apps. The sidecar implements it.
type Apps interface {
	Invoke(ctx context.Context, appID, method, path string, in, out any) error
}

// Orders implements domain.OpenOrders by asking order-api.
type Orders struct{ apps Apps }

// NewOrders returns the orders of accounts.
func NewOrders(apps Apps) Orders { return Orders{apps} }

// openOrders is a part of the answer, and the number of the next part, 0 for none.
type openOrders struct {
	Orders []string `json:"orders"`
	Next   int64    `json:"next"`
}

// OpenOf implements domain.OpenOrders. An account may have more orders than are read in the time of one call.
func (o Orders) OpenOf(ctx context.Context, accountID string) (ids []string, err error) {
	path := "/internal/accounts/" + url.PathEscape(accountID) + "/orders"
	for part, more := int64(0), true; more; {
		var open openOrders
		if err := o.apps.Invoke(ctx, "order-api", http.MethodGet, fmt.Sprintf("%s?part=%d", path, part), nil, &open); err != nil {
			return nil, err
		}
		ids = append(ids, open.Orders...)
		part, more = open.Next, open.Next > part
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// source implements domain.Source by asking an app.
type source struct {
	apps         Apps
	app, service string
}

// Sources returns the services that keep something about accounts, besides auth.
func Sources(apps Apps) []domain.Source {
	return []domain.Source{
		source{apps, "order-api", "order"}, source{apps, "notification", "notification"},
		source{apps, "backoffice", "backoffice"}, source{apps, "blog", "blog"},
		source{apps, "web", "web"},
	}
}

// Page implements domain.Source.
func (s source) Page(ctx context.Context, accountID, cursor string) (page domain.ArchivePage, err error) {
	path := "/internal/accounts/" + url.PathEscape(accountID) + "/data?cursor=" + url.QueryEscape(cursor)
	err = s.apps.Invoke(ctx, s.app, http.MethodGet, path, nil, &page)
	for i := range page.Pieces {
		page.Pieces[i].Service = s.service
	}
	return page, err
}
