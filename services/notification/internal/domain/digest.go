package domain

import (
	"context"
	"net/mail"
	"slices"
	"time"

	"stoa/pkg/common/forms"
	"stoa/pkg/common/ids"
)

// maxGathered is how many notices a digest has at most. The others are in the inbox only.
const maxGathered = 50

// Digest is what the next digest to an account will have, and the one that is being made.
type Digest struct {
	Person
	// Items are the notices that have been gathered since Since. Full says that there were more.
	Items []string  `json:"items,omitempty"`
	Since time.Time `json:"since,omitzero"`
	Full  bool      `json:"full,omitempty"`
	// Until is the time of the latest digest: it has what was gathered before. Open are its notices, as long as it is being made.
	Until time.Time `json:"until,omitzero"`
	Open  []string  `json:"open,omitempty"`
	// More says that Open is not all that there was.
	More bool `json:"more,omitempty"`
}

// Waits reports whether a digest is to be made, now or later.
func (d *Digest) Waits() bool { return len(d.Items)+len(d.Open) > 0 }

// gather adds a notice, unless it is there.
func (d *Digest) gather(to Person, noticeID string, now time.Time) {
	switch {
	case slices.Contains(d.Items, noticeID), slices.Contains(d.Open, noticeID):
		return
	case len(d.Items) == maxGathered:
		d.Full = true
	default:
		d.Items = append(d.Items, noticeID)
	}
	if d.Person = to; d.Since.IsZero() {
		d.Since = now
	}
}

// open begins the digest of a time, unless that was made, or there was nothing for it. It reports whether there is one to make.
func (d *Digest) open(until time.Time) bool {
	if len(d.Open) > 0 {
		return true
	}
	if len(d.Items) == 0 || !d.Until.Before(until) || !d.Since.Before(until) {
		return false
	}
	d.Until, d.Open, d.More = until, d.Items, d.Full
	d.Items, d.Since, d.Full = nil, time.Time{}, false
	return true
}

// close ends the digest of a time. While nothing waits, it need not know who the account is.
func (d *Digest) close(until time.Time) {
	if d.Until.Equal(until) {
		d.Open, d.More = nil, false
	}
	if !d.Waits() {
		d.Person = Person{ID: d.ID}
	}
}

// DigestStore stores digests, by account.
type DigestStore interface {
	// Get returns the zero Digest for an account that never waited for one.
	Get(ctx context.Context, accountID string) (Digest, error)
	// Upsert changes a digest by a pure function, which gets the zero Digest for a new account. Accounts whose digests wait are
	// on a list before they are stored.
	Upsert(ctx context.Context, accountID string, change func(*Digest) error) (Digest, error)
	// Waiting returns a page of the digests that wait, and the cursor of the next page, "" at the end.
	Waiting(ctx context.Context, cursor string, limit int) (waiting []Digest, next string, err error)
	// Tidy takes the others off the list.
	Tidy(ctx context.Context) error
}

// Item is a notice in a digest.
type Item struct {
	// Group is that of the notice.
	Group   Group  `json:"group"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	Link    string `json:"link,omitempty"`
}

// DueDigest is a digest that is to be mailed, with all that its mail shows: so the mail may wait while the next one is gathered.
type DueDigest struct {
	To    Person    `json:"to"`
	Until time.Time `json:"until"`
	At    time.Time `json:"at"`
	Items []Item    `json:"items"`
	More  bool      `json:"more,omitempty"`
}

// DigestNotice returns the notice of a digest. It is only mailed, since the inbox has what it is about.
func DigestNotice(due DueDigest) (Notice, error) {
	notice, err := noticeTo(due.To, Notice{
		Kind: DailyDigest, About: ids.Derive(due.To.ID, due.moment()), At: due.At, Items: due.Items,
		Subject: "Your daily digest",
		Opening: "This is new since your last digest.",
		Closing: "You get this mail once a day, if there is something new.",
	})
	if due.More {
		notice.Closing = "There is more in your inbox. " + notice.Closing
	}
	notice.UserID = ""
	return notice, err
}

// moment tells the digests of an account apart.
func (d DueDigest) moment() string { return d.Until.UTC().Format(time.RFC3339) }

// DigestType is the type of the events that digests are kept as while their mails wait. Nobody publishes them, unless such a mail
// becomes a dead letter.
const DigestType = "digest.due.v1"

// cause returns the event of a digest.
func (d DueDigest) cause(topic string) (Cause, error) {
	raw, err := forms.Write(d)
	return Cause{Topic: topic, Event: Event{
		ID: ids.Derive(DigestType, d.To.ID, d.moment()), Type: DigestType, Source: "notification", Subject: d.To.ID, Time: d.At, Data: raw,
	}}, err
}

// personOf returns whom a notice is mailed to.
func personOf(accountID string, to mail.Address) Person {
	return Person{ID: accountID, Name: to.Name, Email: to.Address}
}
