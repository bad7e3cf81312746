package repositories

import (
	"context"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/order/internal/domain"
)

// Look reads what is stored under an id, a zero Record for nothing, and the open orders of a customer, in one call.
func (o *Orders) Look(ctx context.Context, id, customerID string) (domain.Record, domain.OpenOrders, error) {
	record, open, err := sidecar.FindBoth(ctx, o.records, id, o.open, customerID)
	open.Value.Version = open.ETag
	return record.Value, open.Value, err
}

// ChangeOpen changes a customer's open orders by a function, which may run again: first on those that were read before, and
// if others have changed them since, on those that are stored.
func (o *Orders) ChangeOpen(
	ctx context.Context, customerID string, known domain.OpenOrders, change func(*domain.OpenOrders) error,
) error {
	document := sidecar.Document[domain.OpenOrders]{ID: customerID, ETag: known.Version}
	if err := change(&known); err != nil {
		return err
	}
	err := o.open.Swap(ctx, document, known)
	if errs.Is(err, errs.Conflict) {
		_, err = o.open.Upsert(ctx, customerID, change)
	}
	return err
}

// StillOpen returns which of these orders are pending or confirmed.
func (o *Orders) StillOpen(ctx context.Context, ids []string) (map[string]bool, error) {
	documents, err := o.records.GetEach(ctx, ids) // what is not among them is no longer noted
	open := make(map[string]bool, len(documents))
	for _, document := range documents {
		status := document.Value.Status
		open[document.ID] = status == domain.Pending || status == domain.Confirmed
	}
	return open, err
}
