package domain

import (
	"context"

	"stoa/pkg/common/errs"
)

// Directory knows the accounts of customers.
type Directory interface {
	// AccountOf returns the id of the account with this e-mail address. It fails with errs.NotFound if there is none.
	AccountOf(ctx context.Context, email string) (accountID string, err error)
}

// Customers is how staff find the orders of a customer.
type Customers struct {
	reader    Reader
	directory Directory
}

// NewCustomers returns the customers whose orders the reader reads.
func NewCustomers(reader Reader, directory Directory) *Customers {
	return &Customers{reader, directory}
}

// Orders returns a page of the orders of a customer, who is known by address or by account, newest first, and the cursor of the next
// page. It fails with errs.Invalid unless one of both is given, and with errs.NotFound if nobody has the address.
func (c *Customers) Orders(ctx context.Context, email, accountID, cursor string, limit int) ([]Record, string, error) {
	if (email == "") == (accountID == "") {
		return nil, "", errs.InvalidField("email", "or account must be given, and not both")
	}
	if email != "" {
		found, err := c.directory.AccountOf(ctx, email)
		if err != nil {
			return nil, "", err
		}
		accountID = found
	}
	return c.reader.List(ctx, accountID, cursor, limit)
}
