package hostile

import (
	"testing"

	"stoa/pkg/common/must"
	"stoa/pkg/messaging"
)

// publish sends an event that says next to nothing, through the sidecar of order-api, as nobody outside can.
func (c *cast) publish(t *testing.T, topic, eventType, subject string) {
	t.Helper()
	const app = "order-api"
	publisher := must.Get(messaging.NewPublisher(c.Open(t, app).Client(), app))(t)
	e := must.Get(messaging.New(eventType, subject, object{"id": "none"}))(t)
	must.Do(t, publisher.Publish(t.Context(), topic, e))
}
