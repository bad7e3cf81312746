package domain

import (
	"encoding/json"
	"time"

	"stoa/pkg/common/names"
)

// Record is the one document of a notice: its entry in an inbox, and the state of its mail.
type Record struct {
	Entry
	Mail Delivery `json:"mail"`
}

// Entry is a notice in an inbox.
type Entry struct {
	ID        string    `json:"id" doc:"The id of the notification"`
	Kind      Kind      `json:"kind" doc:"What happened, such as order-confirmed"`
	Subject   string    `json:"subject" doc:"The notification in a few words"`
	Text      string    `json:"text" doc:"The notification in a sentence or two"`
	OrderID   string    `json:"orderId,omitempty" doc:"The order, if the notification is about one"`
	PostID    string    `json:"postId,omitempty" doc:"The post, if the notification is about one, or about a comment on it"`
	Link      string    `json:"link,omitempty" doc:"Where to read about it" format:"uri"`
	CreatedAt time.Time `json:"createdAt" doc:"When the notification arrived"`
}

// Event is the event that a notice is about, as its topic had it.
type Event struct {
	ID          string          `json:"id"`
	Type        string          `json:"type"`
	Source      string          `json:"source"`
	Subject     string          `json:"subject,omitempty"`
	Time        time.Time       `json:"time"`
	TraceParent string          `json:"traceparent,omitempty"`
	Data        json.RawMessage `json:"data"`
}

// Cause is an event and its topic. It is kept as long as the mail about it has to be sent.
type Cause struct {
	Topic string `json:"topic"`
	Event Event  `json:"event"`
}

// DeliveryStatus says what happened to the mail of a notice.
type DeliveryStatus string

// The statuses. Leased and Parked are those of a mail that is still to be sent.
const (
	// Leased: one process sends it.
	Leased DeliveryStatus = "leased"
	// Parked: it waits for its next attempt.
	Parked DeliveryStatus = "parked"
	// Sent: the mail server has it.
	Sent DeliveryStatus = "sent"
	// Overtaken: a later notice about the same order says more, or the event is not for this person any more. It is not sent.
	Overtaken DeliveryStatus = "overtaken"
	// Gathered: a digest will have it. Digested: a digest has it.
	Gathered DeliveryStatus = "gathered"
	Digested DeliveryStatus = "digested"
	// GivenUp: it was refused for days, and is a dead letter.
	GivenUp DeliveryStatus = "given_up"
)

// leaseTTL is how long a lease is valid: longer than an attempt, which begins before its handler ends, and than clocks of two
// machines differ. A lease that is older belongs to a process that has died.
const leaseTTL = sendingTime + clockSkew

const (
	sendingTime = 15 * time.Second
	clockSkew   = 30 * time.Second
)

// The waits between two attempts double from the first to the longest.
const (
	firstOutageWait, longestOutageWait   = 10 * time.Second, 5 * time.Minute
	firstRefusalWait, longestRefusalWait = time.Minute, 4 * time.Hour
)

// Delivery is the state of a mail. A process leases it before it sends, and marks it as sent afterwards. A second copy is sent
// only if the process dies or loses the store in between, or if a mail server accepts the mail and its answer is lost.
type Delivery struct {
	Status DeliveryStatus `json:"status"`
	// LeaseID is the lease of the attempt under way.
	LeaseID string `json:"leaseId,omitempty"`
	// NextAt is when another attempt may start: when the lease ends, or the wait.
	NextAt time.Time `json:"nextAt,omitzero"`
	// Attempts is how many have failed.
	Attempts int `json:"attempts,omitempty"`
	// RefusedAt is when the mail server refused this mail for the first time.
	RefusedAt time.Time `json:"refusedAt,omitzero"`
	// Reason is why the last attempt failed.
	Reason string    `json:"reason,omitempty"`
	SentAt time.Time `json:"sentAt,omitzero"`
	// Cause is what the next attempt starts from. Without it, the broker still has the event.
	Cause *Cause `json:"cause,omitempty"`
}

// leased returns a delivery whose first attempt has this lease.
func leased(lease string, now time.Time) Delivery {
	return Delivery{Status: Leased, LeaseID: lease, NextAt: now.Add(leaseTTL)}
}

// Waits reports whether the mail is still to be sent.
func (d *Delivery) Waits() bool { return d.Status == Leased || d.Status == Parked }

// Due reports whether an attempt can start now from what is kept.
func (d *Delivery) Due(now time.Time) bool {
	return d.Waits() && d.Cause != nil && !now.Before(d.NextAt)
}

// parked returns a delivery whose first attempt is made by the schedule.
func parked(cause Cause, now time.Time) Delivery {
	return Delivery{Status: Parked, NextAt: now, Cause: &cause}
}

// take leases the mail if an attempt may start now. While another attempt is under way, or the mail is parked, it keeps the
// cause for later. A mail that was given up starts again, because somebody has replayed its event.
func (d *Delivery) take(lease string, cause Cause, now time.Time) {
	switch {
	case d.Status == GivenUp:
		*d = leased(lease, now)
	case d.Waits() && !now.Before(d.NextAt):
		d.Status, d.LeaseID, d.NextAt = Leased, lease, now.Add(leaseTTL)
	case d.Waits() && d.Cause == nil: // one that is kept may have lost somebody who has left meanwhile
		d.Cause = &cause
	}
}

// park ends the attempt with this lease after it failed, until there may be another one.
func (d *Delivery) park(lease string, cause Cause, failure error, now time.Time) {
	if d.Status != Leased || d.LeaseID != lease {
		return // another process has taken over
	}
	d.Status, d.LeaseID, d.Reason, d.Cause = Parked, "", names.WithoutAddresses(failure.Error()), &cause
	switch failure := failure.(type) { //nolint:errorlint // Mail returns these as they are
	case *TooMany:
		d.NextAt = failure.Until
		return
	case *Refusal:
		if d.RefusedAt.IsZero() {
			d.RefusedAt = now
		}
		// It doubles. It does not count attempts: an outage before the first refusal may have had many.
		d.NextAt = now.Add(min(now.Sub(d.RefusedAt)+firstRefusalWait, longestRefusalWait))
	default:
		d.NextAt = now.Add(min(firstOutageWait<<min(d.Attempts, 10), longestOutageWait))
	}
	d.Attempts++
}

// refusedFor reports whether the mail server has refused this mail for so long.
func (d *Delivery) refusedFor(long time.Duration, now time.Time) bool {
	return !d.RefusedAt.IsZero() && now.Sub(d.RefusedAt) >= long
}
