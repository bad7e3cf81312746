package observability

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/test/system"
	"stoa/test/traces"
)

// The trace of an order has spans of all services that have a part in it, and of their sidecars: from the request of a customer to the
// mail.
func TestTrace_hasSpansOfAllServices(t *testing.T) {
	wanted := must.Get(traces.Apps(system.Root(t)))(t)
	_, traceID, err := traces.PlaceOrder(t.Context(), shop, "order-confirmed")
	must.Do(t, err)
	system.Eventually(t, "all spans of the trace have come", func() error {
		spans := collector.Trace(traceID)
		for _, app := range wanted {
			own, sidecars := 0, 0
			for _, s := range spans {
				switch {
				case s.Service != app:
				case fromSidecar(s):
					sidecars++
				default:
					own++
				}
			}
			if own == 0 || sidecars == 0 {
				return fmt.Errorf("of %d spans, %d are of %s and %d of its sidecar", len(spans), own, app, sidecars)
			}
		}
		return nil
	})
	spans := collector.Trace(traceID)
	if begun := slices.IndexFunc(spans, func(s traces.Span) bool {
		return s.Service == "gateway" && s.Kind == "SERVER" && s.Parent == ""
	}); begun < 0 {
		t.Error("the trace does not begin with a request to the gateway")
	}
	if !slices.ContainsFunc(spans, func(s traces.Span) bool {
		return s.Service == "notification" && strings.HasSuffix(s.Name, "/InvokeBinding")
	}) {
		t.Errorf("the trace does not end with a mail: %v", names(spans, "notification"))
	}
}

// names are those of the spans of a service.
func names(spans []traces.Span, service string) (all []string) {
	for _, s := range spans {
		if s.Service == service {
			all = append(all, s.Name)
		}
	}
	return all
}

// fromSidecar reports whether a sidecar has made a span. Both are of the same service.
func fromSidecar(s traces.Span) bool {
	for name := range s.Tags {
		if strings.HasPrefix(name, "dapr.") || strings.HasPrefix(name, "db.") {
			return true
		}
	}
	return strings.HasPrefix(s.Name, "CallLocal/") || strings.HasPrefix(s.Name, "pubsub/") || strings.HasPrefix(s.Name, "/dapr")
}
