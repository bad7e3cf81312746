package messagingtest

import (
	"maps"

	"stoa/pkg/messaging"
)

// Handlers returns the handlers of all subscriptions, by type of event.
func Handlers(subscriptions []messaging.Subscription) map[string]messaging.Handler {
	handlers := map[string]messaging.Handler{}
	for _, s := range subscriptions {
		maps.Copy(handlers, s.On)
	}
	return handlers
}
