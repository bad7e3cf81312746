package messaging

import (
	"context"
	"testing"

	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc"
)

// leavingSidecar reports a former subscription in its first answers.
type leavingSidecar struct {
	subscribeClient
	calls, leaves int
}

func (s *leavingSidecar) GetMetadata(context.Context, *runtimev1.GetMetadataRequest, ...grpc.CallOption) (*runtimev1.GetMetadataResponse, error) {
	s.calls++
	metadata := &runtimev1.GetMetadataResponse{Subscriptions: []*runtimev1.PubsubSubscription{{PubsubName: "pubsub-other", Topic: "other"}}}
	if s.calls <= s.leaves {
		metadata.Subscriptions = append(metadata.Subscriptions, &runtimev1.PubsubSubscription{PubsubName: "pubsub-stock", Topic: "stock"})
	}
	return metadata, nil
}

func TestConsumer_waitsForTheEndOfItsFormerSubscription(t *testing.T) {
	sidecar := &leavingSidecar{leaves: 2}
	if err := (&Consumer{client: sidecar}).awaitPreviousEnd(t.Context(), "stock"); err != nil || sidecar.calls != 3 {
		t.Errorf("asked %d times, want 3: %v", sidecar.calls, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (&Consumer{client: &leavingSidecar{leaves: 1000}}).awaitPreviousEnd(ctx, "stock"); err == nil {
		t.Error("the end of the process does not end the wait")
	}
}
