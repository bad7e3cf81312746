package domain

import "time"

// Entry is one notice in an inbox.
type Entry struct {
	ID        string    `json:"id" doc:"The same for every copy of the notice"`
	Kind      Kind      `json:"kind" doc:"What it is about, such as order-confirmed"`
	Subject   string    `json:"subject" doc:"The news in a few words"`
	Text      string    `json:"text" doc:"The news in a sentence or two"`
	OrderID   string    `json:"orderId,omitempty" doc:"The order that it is about"`
	CreatedAt time.Time `json:"createdAt" doc:"When it came in"`
}

// Entry returns how the notice stands in an inbox that it came into at this time.
func (n Notice) Entry(at time.Time) Entry {
	entry := Entry{ID: n.ID(), Kind: n.Kind, Subject: n.Subject, Text: n.Opening, CreatedAt: at}
	if n.Order != nil {
		entry.OrderID = n.Order.ID
	}
	return entry
}
