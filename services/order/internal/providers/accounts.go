package providers

import (
	"context"
	"net/http"
	"net/url"
)

// Apps calls operations of other apps. The sidecar implements it.
type Apps interface {
	Invoke(ctx context.Context, appID, method, path string, in, out any) error
}

// Accounts implements domain.Directory by asking auth.
type Accounts struct{ apps Apps }

// NewAccounts returns the accounts that auth knows.
func NewAccounts(apps Apps) Accounts { return Accounts{apps} }

// AccountOf implements domain.Directory.
func (a Accounts) AccountOf(ctx context.Context, email string) (string, error) {
	var account struct {
		ID string `json:"id"`
	}
	err := a.apps.Invoke(ctx, "auth", http.MethodGet, "/internal/accounts?email="+url.QueryEscape(email), nil, &account)
	return account.ID, err
}
