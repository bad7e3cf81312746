package domain

import (
	"time"

	"stoa/pkg/common/errs"
)

// leaseTTL is how long a lease is valid. Sending takes less time, so an older lease belongs to a process that has died.
const leaseTTL = 10 * time.Second

// DeliveryStatus says whether a notice is being sent, or was sent.
type DeliveryStatus string

// The statuses. "" means that nobody is sending. Stored deliveries call a lease by its earlier name, claim.
const (
	Leased DeliveryStatus = "claimed"
	Sent   DeliveryStatus = "sent"
)

// Delivery is the record of mailing one notice. A process leases it before it sends, and marks it as sent afterwards. A
// second copy is sent only if the process dies or loses the store in between, or if a mail server accepts the mail and its
// answer is lost.
type Delivery struct {
	Status   DeliveryStatus `json:"status,omitempty"`
	LeaseID  string         `json:"claimId,omitempty"`
	LeasedAt time.Time      `json:"claimedAt,omitzero"`
	SentAt   time.Time      `json:"sentAt,omitzero"`
}

// Lease takes the lease with this id, unless the notice was sent. It fails with errs.Unavailable while another process has a
// lease: a retry finds out whether that process succeeded.
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

// Release ends a lease after sending has failed, so that the next attempt need not wait until it expires.
func (d *Delivery) Release(id string) {
	if d.Status == Leased && d.LeaseID == id {
		*d = Delivery{}
	}
}

// MarkSent records that the notice was sent, even if another process has taken the lease.
func (d *Delivery) MarkSent(now time.Time) {
	if d.Status != Sent {
		d.Status, d.SentAt = Sent, now
	}
}
