package repositories

import (
	"stoa/pkg/sidecar"
	"stoa/services/notification/internal/domain"
)

// NewDeliveries returns the deliveries in the store behind a sidecar: a document for each notice that is mailed.
func NewDeliveries(s *sidecar.Sidecar) *sidecar.Documents[domain.Delivery] {
	return sidecar.NewDocuments[domain.Delivery](s, store, "mail")
}
