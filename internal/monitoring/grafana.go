package monitoring

import "fmt"

// dashboard is one page of Grafana.
type dashboard struct {
	name, title string
	panels      []panel
}

// panel is one graph.
type panel struct {
	title string
	unit  string // of Grafana: s, ms, bytes, percentunit, cpm for what happens in a minute, short for numbers
	about string
	lines []line
}

// line is one query, and what its results are called.
type line struct{ expr, legend string }

// one is a panel of one query.
func one(title, unit, expr, legend, about string) panel {
	return panel{title, unit, about, []line{{expr, legend}}}
}

// source is the Prometheus that whoever looks at the dashboard chooses.
var source = map[string]any{"type": "prometheus", "uid": "${source}"}

// grafana is the dashboard as Grafana reads it.
func (d dashboard) grafana() map[string]any {
	const width, height, inRow = 8, 8, 3
	var panels []any
	for i, p := range d.panels {
		var targets []any
		for n, l := range p.lines {
			targets = append(targets, map[string]any{
				"refId": string(rune('A' + n)), "datasource": source, "expr": l.expr, "legendFormat": l.legend,
			})
		}
		panels = append(panels, map[string]any{
			"id": i + 1, "type": "timeseries", "title": p.title, "description": p.about, "datasource": source, "targets": targets,
			"gridPos":     map[string]int{"x": i % inRow * width, "y": i / inRow * height, "w": width, "h": height},
			"fieldConfig": map[string]any{"defaults": map[string]any{"unit": p.unit, "min": 0}, "overrides": []any{}},
		})
	}
	return map[string]any{
		"uid": "stoa-" + d.name, "title": "Stoa: " + d.title, "tags": []string{"stoa"}, "schemaVersion": 39, "editable": true,
		"time": map[string]string{"from": "now-1h", "to": "now"}, "refresh": "30s", "panels": panels,
		"templating": map[string]any{"list": []any{map[string]any{
			"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus",
		}}},
		"links": []any{map[string]any{"title": "Stoa", "type": "dashboards", "tags": []string{"stoa"}, "asDropdown": true}},
	}
}

// window is the time over which Grafana takes a rate.
const window = "[$__rate_interval]"

// perMinute is how often something happened in a minute, by some labels, or in all.
func perMinute(series, by string) string {
	if by != "" {
		by = " by (" + by + ")"
	}
	return fmt.Sprintf("60 * sum%s (rate(%s%s))", by, series, window)
}

// quantile is below which value a share of all were, by some labels.
func quantile(share float64, histogram, labels, by string) string {
	if by != "" {
		by += ", "
	}
	return fmt.Sprintf("histogram_quantile(%g, sum by (%sle) (rate(%s_bucket%s%s)))", share, by, histogram, labels, window)
}

// spread are the median, and what a twentieth and a hundredth were above.
func spread(histogram, labels string) []line {
	return []line{
		{quantile(.5, histogram, labels, ""), "median"}, {quantile(.95, histogram, labels, ""), "95 %"},
		{quantile(.99, histogram, labels, ""), "99 %"},
	}
}
