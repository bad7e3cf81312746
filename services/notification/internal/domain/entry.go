package domain

import "time"

// Entry is a notice in an inbox.
type Entry struct {
	ID        string    `json:"id" doc:"The id of the notification"`
	Kind      Kind      `json:"kind" doc:"What happened, such as order-confirmed"`
	Subject   string    `json:"subject" doc:"The notification in a few words"`
	Text      string    `json:"text" doc:"The notification in a sentence or two"`
	OrderID   string    `json:"orderId,omitempty" doc:"The order, if the notification is about one"`
	CreatedAt time.Time `json:"createdAt" doc:"When the notification arrived"`
}

// Entry returns the notice as an entry of an inbox, which it reached at this time.
func (n Notice) Entry(at time.Time) Entry {
	entry := Entry{ID: n.ID(), Kind: n.Kind, Subject: n.Subject, Text: n.Opening, CreatedAt: at}
	if n.Order != nil {
		entry.OrderID = n.Order.ID
	}
	return entry
}
