package handlers_test

import (
	"maps"
	"testing"

	"stoa/internal/golden"
	"stoa/internal/openapitest"
	"stoa/pkg/common/web/webtest"
	"stoa/pkg/identity"
	"stoa/pkg/messaging"
	"stoa/pkg/messaging/messagingtest"
	"stoa/pkg/sidecar/sidecartest"
	"stoa/services/blog/internal/domain"
	"stoa/services/blog/internal/handlers"
	"stoa/services/blog/internal/providers"
	"stoa/services/blog/internal/repositories"
)

const (
	aliceID = "0198c6a0-0000-7000-8000-000000000001"
	bobID   = "0198c6a0-0000-7000-8000-000000000002"
)

// world is the service on a store and a bus in memory.
type world struct {
	*webtest.Server
	states *sidecartest.States
	bus    *messagingtest.Bus
	on     map[string]messaging.Handler
}

func newWorld(t *testing.T) *world {
	t.Helper()
	states, side := sidecartest.New()
	bus, publisher := messagingtest.NewPublisher(t, "blog")
	items := domain.NewItems(repositories.NewItems(side), providers.NewEvents(publisher))
	callers := webtest.Callers{"alice": identity.Caller{ID: aliceID}, "bob": identity.Caller{ID: bobID}}
	w := &world{Server: webtest.New(handlers.Title, handlers.About, callers), states: states, bus: bus, on: map[string]messaging.Handler{}}
	handlers.Routes(w.API, items)
	for _, s := range handlers.Subscriptions(items) {
		maps.Copy(w.on, s.On)
	}
	return w
}

func TestOpenAPI_isWhatIsCheckedIn(t *testing.T) {
	golden.Check(t, "api/openapi/blog.json", newWorld(t).Description(t))
}

func TestAPI_isWhatItsDescriptionSays(t *testing.T) {
	openapitest.Attack(t, newWorld(t).Server, openapitest.Client{SignIn: openapitest.As("alice")}, 100)
}
