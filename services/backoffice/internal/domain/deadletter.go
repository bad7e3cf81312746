package domain

import (
	"encoding/json"
	"time"

	"stoa/pkg/common/errs"
)

// DeadLetter is an event that a consumer could not handle, and what the staff did about it.
type DeadLetter struct {
	ID       string    `json:"id"`
	Consumer string    `json:"consumer" doc:"The app that gave up"`
	Topic    string    `json:"topic" doc:"Where the event came from, and goes to when it is replayed"`
	Reason   string    `json:"reason" doc:"The last error"`
	Attempts int       `json:"attempts" doc:"How often the app tried"`
	FailedAt time.Time `json:"failedAt" doc:"When it gave up"`
	TraceID  string    `json:"traceId,omitempty" doc:"To be looked up in the logs"`
	Event    Event     `json:"event" doc:"The event itself"`
	Replays  []Replay  `json:"replays,omitempty" doc:"When it was published again, oldest first"`
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

// Replay is one time that the event was published again.
type Replay struct {
	EventID string    `json:"eventId" doc:"The id that it got; brokers drop one that they know"`
	By      string    `json:"by" doc:"The account that asked for it"`
	At      time.Time `json:"at"`
}

// DeadLetters is the topic of dead letters.
const DeadLetters = "dead-letters"

// CheckReplay returns errs.Conflict for a letter that has nowhere to go back to.
func (l *DeadLetter) CheckReplay() error {
	if l.Topic == DeadLetters || l.Topic == "" {
		return errs.New(errs.Conflict, "this came from no topic that it could go back to")
	}
	return nil
}

// MarkReplayed adds a replay to the history, once.
func (l *DeadLetter) MarkReplayed(replay Replay) {
	for _, known := range l.Replays {
		if known.EventID == replay.EventID {
			return
		}
	}
	l.Replays = append(l.Replays, replay)
}
