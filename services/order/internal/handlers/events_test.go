package handlers_test

import (
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/ids"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
	"stoa/services/order/internal/domain"
)

// steps are what happens to orders, by name.
var steps = map[string]func(t *testing.T, s *shop, id string) error{
	"reserve": func(t *testing.T, s *shop, id string) error { return s.reserve(t, id, apple) },
	"reject": func(t *testing.T, s *shop, id string) error {
		return s.handle(t, "stock.rejected.v1", id, map[string]any{"reason": "sold out"})
	},
	"cancel":  func(t *testing.T, s *shop, id string) error { return s.command(t, "cancel", id) },
	"ship":    func(t *testing.T, s *shop, id string) error { return s.command(t, "ship", id) },
	"deliver": func(t *testing.T, s *shop, id string) error { return s.command(t, "deliver", id) },
}

var histories = map[string]struct {
	steps     []string
	status    domain.Status
	published []string
}{
	"delivered": {[]string{"reserve", "ship", "deliver"}, domain.Delivered, []string{
		"order-confirmed order.confirmed.v1", "order-updates order.shipped.v1", "order-updates order.delivered.v1"}},
	"rejected":                {[]string{"reject"}, domain.Rejected, []string{"order-updates order.rejected.v1"}},
	"cancelled":               {[]string{"cancel"}, domain.Cancelled, []string{"order-updates order.cancelled.v1"}},
	"cancelled, then stock":   {[]string{"cancel", "reserve"}, domain.Cancelled, []string{"order-updates order.cancelled.v1"}},
	"cancelled, then none":    {[]string{"cancel", "reject"}, domain.Cancelled, []string{"order-updates order.cancelled.v1"}},
	"cancelled, then shipped": {[]string{"cancel", "ship"}, domain.Cancelled, []string{"order-updates order.cancelled.v1"}},
	"cancelled late": {[]string{"reserve", "cancel"}, domain.Cancelled, []string{
		"order-confirmed order.confirmed.v1", "order-updates order.cancelled.v1"}},
	"cancelled too late": {[]string{"reserve", "ship", "cancel"}, domain.Shipped, []string{
		"order-confirmed order.confirmed.v1", "order-updates order.shipped.v1"}},
	"shipped too early": {[]string{"ship", "reserve"}, domain.Confirmed, []string{"order-confirmed order.confirmed.v1"}},
}

// Every step of every history is killed once before and once after each operation on store and broker, and then delivered
// again.
func TestProgress_survivesACrashAtEveryPoint(t *testing.T) {
	must.HaveTime(t)
	for name, tt := range histories {
		for point, killed := 0, true; killed; point++ {
			s := newShop(t)
			order := s.placed(t, "")
			killed = false
			for _, step := range tt.steps {
				s.crash(point)
				err := steps[step](t, s, order.ID)
				s.recover()
				if err != nil {
					killed = true
					must.Do(t, steps[step](t, s, order.ID))
				}
			}
			s.expectHistory(t, order.ID, tt.status, tt.published)
			if t.Failed() {
				t.Fatalf("%s: killed at point %d", name, point)
			}
		}
	}
}

// An event that was not published before its order moved on is published late, with the status of that time.
func TestProgress_publishesLateWhatHappenedThen(t *testing.T) {
	s := newShop(t)
	order := s.placed(t, "")
	must.Do(t, s.reserve(t, order.ID, apple))
	s.bus.Before = failOnce("order-updates", nil)
	if err := s.command(t, "ship", order.ID); !errs.Is(err, errs.Unavailable) {
		t.Fatalf("got %v", err)
	}
	must.Do(t, s.command(t, "deliver", order.ID))
	must.Do(t, s.command(t, "ship", order.ID))
	s.expectStatus(t, order.ID, domain.Delivered)
	s.expectPublished(t, "order-placed order.placed.v1", "order-confirmed order.confirmed.v1",
		"order-updates order.delivered.v1", "order-updates order.shipped.v1")
}

func TestProgress_handlesEventsOfUnknownOrders(t *testing.T) {
	s := newShop(t)
	nobody := ids.New()
	for _, verb := range []string{"cancel", "ship", "deliver"} {
		if err := s.command(t, verb, nobody); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: got %v, want a dead letter", verb, err)
		}
	}
	must.Do(t, steps["reject"](t, s, nobody))
	s.expectPublished(t)
	must.Do(t, s.reserve(t, nobody, apple))
	s.expectPublished(t, "order-updates order.expired.v1")
}

// crash makes everything fail from this point on. Each operation on store or broker has two points: before it takes effect
// and after.
func (s *shop) crash(point int) {
	passed := 0
	pass := func() error {
		if passed++; passed > point {
			return status.Error(codes.Unavailable, "killed")
		}
		return nil
	}
	s.states.Before = func(string, string) error { return pass() }
	s.states.After = s.states.Before
	s.bus.Before = func(string) error { return pass() }
	s.bus.After = s.bus.Before
}

func (s *shop) recover() {
	s.states.Before, s.states.After, s.bus.Before, s.bus.After = nil, nil, nil, nil
}

// expectHistory checks the status of an order, what was published, and that its customer finds it, once.
func (s *shop) expectHistory(t *testing.T, id string, want domain.Status, published []string) {
	t.Helper()
	s.expectStatus(t, id, want)
	s.expectPublished(t, append([]string{"order-placed order.placed.v1"}, published...)...)
	if listed := s.list(t, "").Items; len(listed) != 1 || listed[0].ID != id || listed[0].Status != want {
		t.Errorf("the list has %v", listed)
	}
	if got := s.states.TTL(store, "order:"+id); got != "" {
		t.Errorf("a decided order expires in %s s", got)
	}
	if order := orderOf(s.do(t, webtest.Request{Path: "/" + id}), http.StatusOK); order.Status != want {
		t.Errorf("shown as %s", order.Status)
	}
}
