package handlers

import (
	"time"

	"stoa/services/order/internal/domain"
)

// Order is an order as people see it.
type Order struct {
	ID         string        `json:"id" format:"uuid"`
	Status     domain.Status `json:"status" enum:"pending,confirmed,shipped,delivered,rejected,cancelled" doc:"How far it has come"`
	CustomerID string        `json:"customerId" doc:"Whose order it is"`
	Items      []domain.Line `json:"items" nullable:"false"`
	Total      domain.Money  `json:"total"`
	Reason     string        `json:"reason,omitempty" doc:"Why it was rejected or cancelled"`
	CreatedAt  time.Time     `json:"createdAt"`
	UpdatedAt  time.Time     `json:"updatedAt" doc:"When it reached its status"`
}

func viewOf(o domain.Order) Order {
	return Order{
		ID: o.ID, Status: o.Status, CustomerID: o.Customer.ID, Items: o.Items, Total: o.Total, Reason: o.Reason,
		CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
}
