package sidecarmetrics

import (
	"reflect"
	"strings"
	"testing"

	"stoa/pkg/common/must"
)

// metrics are lines as a sidecar writes them.
const metrics = `# HELP dapr_component_state_count The number of operations performed on the state component.
# TYPE dapr_component_state_count counter
dapr_component_state_count{app_id="order-api",component="order-store",namespace="",operation="get",success="true"} 3
dapr_component_state_count{app_id="order-api",component="order-store",namespace="",operation="set",success="true"} 2
dapr_component_state_count{app_id="order-api",component="order-store",namespace="",operation="set",success="false"} 1
dapr_component_pubsub_ingress_count{app_id="order-api",component="pubsub-stock",process_status="success",status="",topic="stock"} 4
dapr_runtime_service_invocation_req_sent_total{app_id="order-api",dst_app_id="auth",type="unary"} 1
dapr_runtime_service_invocation_req_sent_total{app_id="order-api",dst_app_id="inventory-worker",type="unary"} 5
dapr_grpc_io_server_completed_rpcs{app_id="order-api"} 99
`

func TestCalls_areCountedByAppAndKind(t *testing.T) {
	counted := Calls{}
	must.Do(t, counted.add("order-api", strings.NewReader(metrics)))
	want := Calls{"order-api": {"get": 3, "set": 3, Deliver: 4, "invoke auth": 1, "invoke inventory-worker": 5}}
	if !reflect.DeepEqual(counted, want) {
		t.Errorf("got %v, want %v", counted, want)
	}
	must.Do(t, counted.add("order-api", strings.NewReader(metrics))) // of a second replica
	if got := counted.Since(want); !reflect.DeepEqual(got, want) || got.Per(2).Sum() != 8 {
		t.Errorf("got %v with the mean %v", got, got.Per(2))
	}
}
