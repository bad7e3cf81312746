package domain

import (
	"time"

	"stoa/pkg/common/errs"
)

// leaseTTL is how long a lease is valid. Sending takes less time, so an older lease belongs to a process that died.
const leaseTTL = 10 * time.Second

// DeliveryStatus is how far the sending of a notice is.
type DeliveryStatus string

// The statuses; "" means that sending has not begun. A lease is stored under its first name.
const (
	Leased DeliveryStatus = "claimed"
	Sent   DeliveryStatus = "sent"
)

// Delivery is the record of sending one notice by one channel. A process leases it before it sends, and marks it as sent
// afterwards. A second copy is sent only if the process dies or loses the store in between, or if a notice that was sent
// is reported as failed.
type Delivery struct {
	Status   DeliveryStatus `json:"status,omitempty"`
	LeaseID  string         `json:"claimId,omitempty"`
	LeasedAt time.Time      `json:"claimedAt,omitzero"`
	SentAt   time.Time      `json:"sentAt,omitzero"`
}

// Lease takes the lease with this id, unless the notice is sent. While another lease is valid it fails with
// errs.Unavailable: try again, to learn whether that process succeeded.
func (d *Delivery) Lease(id string, now time.Time) error {
	switch {
	case d.Status == Sent:
		return nil
	case d.Status == Leased && d.LeaseID != id && now.Sub(d.LeasedAt) < leaseTTL:
		return errs.New(errs.Unavailable, "another process is sending this notice")
	}
	*d = Delivery{Status: Leased, LeaseID: id, LeasedAt: now}
	return nil
}

// Release gives back a lease after sending failed, so that no other process waits for its end.
func (d *Delivery) Release(id string) {
	if d.Status == Leased && d.LeaseID == id {
		*d = Delivery{}
	}
}

// MarkSent records that the notice is sent, even if another process has the lease by now.
func (d *Delivery) MarkSent(now time.Time) {
	if d.Status != Sent {
		d.Status, d.SentAt = Sent, now
	}
}
