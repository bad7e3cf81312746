package topology

import (
	"maps"
	"slices"
)

// ConsumedBy are the topics that an app consumes.
func (t *Topology) ConsumedBy(app string) []string {
	var names []string
	for _, topic := range t.Topics {
		if slices.Contains(topic.To, app) {
			names = append(names, topic.Name)
		}
	}
	return names
}

// placed are the variables of an app that say where it and its sidecar listen. In Kubernetes the chart and Dapr set them.
var placed = []string{"APP_ID", "APP_PORT", "PROBE_PORT", "DAPR_HTTP_PORT", "DAPR_GRPC_PORT"}

// OwnEnv are the variables of an app that mean the same everywhere.
func (a App) OwnEnv() map[string]string {
	own := maps.Clone(a.Env)
	maps.DeleteFunc(own, func(name, _ string) bool { return slices.Contains(placed, name) })
	return own
}
