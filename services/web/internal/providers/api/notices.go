package api

import (
	"context"
	"net/http"
	"time"
)

const notification = "notification"

// Notice is something that the caller was told.
type Notice struct {
	Kind    string `json:"kind"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	OrderID string `json:"orderId"`
	// Link is where to read about it, "" for nowhere.
	Link      string    `json:"link"`
	CreatedAt time.Time `json:"createdAt"`
}

// MyNotices returns a page of what the caller was told, the latest first.
func (c *Client) MyNotices(ctx context.Context, cursor string) (List[Notice], error) {
	return call[List[Notice]](ctx, c, get(notification, "/api/v1/notifications").with("cursor", cursor))
}

// MailSettings returns when something is mailed to the caller, by its name: at_once, daily, never or always.
func (c *Client) MailSettings(ctx context.Context) (map[string]string, error) {
	return call[map[string]string](ctx, c, get(notification, "/api/v1/notifications/settings"))
}

// ChangeMailSettings decides when something is mailed to the caller. What is left out stays as it is.
func (c *Client) ChangeMailSettings(ctx context.Context, wanted map[string]string) error {
	o := to(notification, http.MethodPatch, "/api/v1/notifications/settings")
	o.body = wanted
	return do(ctx, c, o)
}
