package domain

import (
	"time"

	"stoa/pkg/common/errs"
)

// claimTime is how long a claim is respected. It is above the time that sending takes, so that a claim that is older
// belongs to a process that died.
const claimTime = 10 * time.Second

// DeliveryStatus is how far the sending of a notice is.
type DeliveryStatus string

// The statuses; none means that nobody has begun.
const (
	Claimed DeliveryStatus = "claimed"
	Sent    DeliveryStatus = "sent"
)

// Delivery is the record of one notice on one channel. Whoever sends claims it before and marks it after; a second copy
// of a notice goes out only if, between sending and marking, a process dies or the store is lost for longer than a claim
// counts, or if what was sent is reported as failed.
type Delivery struct {
	Status    DeliveryStatus `json:"status,omitempty"`
	ClaimID   string         `json:"claimId,omitempty"`
	ClaimedAt time.Time      `json:"claimedAt,omitzero"`
	SentAt    time.Time      `json:"sentAt,omitzero"`
}

// Claim reserves the sending for the holder of this claim, unless it is done. While somebody else is at it, it returns
// errs.Unavailable: come back to see whether they succeeded.
func (d *Delivery) Claim(id string, now time.Time) error {
	switch {
	case d.Status == Sent:
		return nil
	case d.Status == Claimed && d.ClaimID != id && now.Sub(d.ClaimedAt) < claimTime:
		return errs.New(errs.Unavailable, "somebody else is sending this notice")
	}
	*d = Delivery{Status: Claimed, ClaimID: id, ClaimedAt: now}
	return nil
}

// Release gives a claim back whose sending failed, so that nobody has to wait until it is old.
func (d *Delivery) Release(id string) {
	if d.Status == Claimed && d.ClaimID == id {
		*d = Delivery{}
	}
}

// MarkSent records that the notice is out, whoever holds the claim by now.
func (d *Delivery) MarkSent(now time.Time) {
	if d.Status != Sent {
		d.Status, d.SentAt = Sent, now
	}
}
