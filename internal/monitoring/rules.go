package monitoring

import (
	"maps"
	"strings"
)

type groups struct {
	Groups []group `yaml:"groups"`
}

type group struct {
	Name  string `yaml:"name"`
	Rules []rule `yaml:"rules"`
}

// rule is an alert, or a value that is recorded.
type rule struct {
	Record      string            `yaml:"record,omitempty"`
	Alert       string            `yaml:"alert,omitempty"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

func ruleGroups() groups {
	var rules []rule
	for _, a := range alerts {
		rules = append(rules, rule{
			Alert: a.name, Expr: a.expr, For: a.lasting, Labels: map[string]string{"severity": a.severity}, Annotations: a.annotations(),
		})
	}
	return groups{[]group{{"stoa-objectives", lateRules()}, {"stoa-alerts", rules}}}
}

func (a alert) annotations() map[string]string {
	return map[string]string{"summary": a.says, "runbook": "docs/alerts.md#" + strings.ToLower(a.name)}
}

// tests are what promtool reads: series of synthetic values, and what fires then.
type tests struct {
	RuleFiles []string `yaml:"rule_files"`
	Interval  string   `yaml:"evaluation_interval"`
	Tests     []test   `yaml:"tests"`
}

type test struct {
	Interval string   `yaml:"interval"`
	Series   []series `yaml:"input_series"`
	Alerts   []expect `yaml:"alert_rule_test"`
}

type series struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

type expect struct {
	At     string  `yaml:"eval_time"`
	Alert  string  `yaml:"alertname"`
	Firing []fired `yaml:"exp_alerts,omitempty"`
}

type fired struct {
	Labels      map[string]string `yaml:"exp_labels"`
	Annotations map[string]string `yaml:"exp_annotations"`
}

// ruleTests has tests in which each alert fires, and one in which it does not.
func ruleTests() tests {
	all := tests{RuleFiles: []string{RulesFile}, Interval: "1m"}
	for _, a := range alerts {
		for _, e := range a.fires {
			all.Tests = append(all.Tests, e.test(a.name, a.fired(e.labels)))
		}
		all.Tests = append(all.Tests, a.quiet.test(a.name))
	}
	return all
}

// fired is the alert, with labels besides its severity.
func (a alert) fired(labels map[string]string) fired {
	all := map[string]string{"severity": a.severity}
	maps.Copy(all, labels)
	return fired{all, a.annotations()}
}

// example is what the series of an alert may look like, and when to look.
type example struct {
	at     string
	series []series
	labels map[string]string // of the alert that fires, besides its severity
}

func (e example) test(name string, firing ...fired) test {
	return test{Interval: "1m", Series: e.series, Alerts: []expect{{e.at, name, firing}}}
}
