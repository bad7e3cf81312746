package domain

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/names"
)

// DeadLetter is an event that a consumer could not handle, and how often the staff replayed it.
type DeadLetter struct {
	ID       string    `json:"id"`
	Consumer string    `json:"consumer" doc:"The app that gave up"`
	Topic    string    `json:"topic" doc:"The topic of the event, to which a replay publishes it again"`
	Reason   string    `json:"reason" doc:"The last error"`
	Attempts int       `json:"attempts" doc:"How often the app tried to handle it"`
	FailedAt time.Time `json:"failedAt" doc:"When the app gave up"`
	TraceID  string    `json:"traceId,omitempty" doc:"The trace of the event; the logs have it too"`
	Event    Event     `json:"event" doc:"The event that could not be handled"`
	Replays  []Replay  `json:"replays,omitempty" doc:"The replays, oldest first"`
}

// Event is the event that could not be handled.
type Event struct {
	ID          string          `json:"id"`
	Type        string          `json:"type"`
	Source      string          `json:"source,omitempty"`
	Subject     string          `json:"subject,omitempty"`
	Time        time.Time       `json:"time,omitzero"`
	TraceParent string          `json:"traceparent,omitempty"`
	Data        json.RawMessage `json:"data" doc:"The payload"`
}

// Replay says that the event was published again.
type Replay struct {
	EventID string    `json:"eventId" doc:"The new id of the event; a broker may drop an id that it knows"`
	By      string    `json:"by" doc:"The account that asked for the replay"`
	At      time.Time `json:"at"`
}

// topic is the topic of dead letters.
const topic = "dead-letters"

// Unreadable returns the dead letter for an event of the topic that is not a dead letter. The id of such an event may be any
// text, and the staff finds letters by UUIDs.
func Unreadable(e Event) DeadLetter {
	if !json.Valid(e.Data) {
		e.Data, _ = json.Marshal(string(e.Data)) // a string always can be marshalled
	}
	return DeadLetter{
		ID: ids.Derive("unreadable", e.ID), Consumer: appID, Topic: topic, Reason: "this is not a dead letter", Attempts: 1,
		FailedAt: time.Now().UTC(), Event: e,
	}
}

// CheckReplay returns errs.Conflict if the topic of the event is not known.
func (l *DeadLetter) CheckReplay() error {
	if l.Topic == topic || l.Topic == "" {
		return errs.New(errs.Conflict, "this dead letter cannot be replayed: the topic of its event is not known")
	}
	return nil
}

// mentions reports whether the event has the id of an account.
func (l *DeadLetter) mentions(accountID string) bool {
	return bytes.Contains(l.Event.Data, []byte(accountID))
}

// forget takes from the event what tells who an account is.
func (l *DeadLetter) forget(accountID string) {
	l.Event.Data, l.Reason = names.Forget(l.Event.Data, accountID), names.WithoutAddresses(l.Reason)
}

// onlyAbout takes from the event what tells who others are.
func (l *DeadLetter) onlyAbout(accountID string) {
	l.Event.Data, l.Reason = names.Only(l.Event.Data, accountID), names.WithoutAddresses(l.Reason)
}

// MarkReplayed adds a replay to the history, once.
func (l *DeadLetter) MarkReplayed(replay Replay) {
	if !slices.ContainsFunc(l.Replays, func(known Replay) bool { return known.EventID == replay.EventID }) {
		l.Replays = append(l.Replays, replay)
	}
}
