package monitoring

import "fmt"

// The objective: of the orders that are confirmed, 99.9 % are confirmed within two seconds after they were accepted, in 30 days. What
// may be late is the error budget.
const budget = "0.001"

// The pairs of windows: an alert is for what has burned for the long one, and still burns in the short one, so many times faster than
// the budget of 30 days allows (Google, The Site Reliability Workbook, chapter 5).
var burns = []struct {
	long, short, times, severity string
}{
	{"1h", "5m", "14.4", critical}, // 2 % of the budget in an hour
	{"6h", "30m", "6", critical},   // 5 % in six hours
	{"1d", "2h", "3", warning},     // 10 % in a day
	{"3d", "6h", "1", warning},     // 10 % in three days
}

// inTime is the share of orders that were confirmed in time. Prometheus 3 writes the bound as 2.0.
func inTime(window string) string {
	return fmt.Sprintf(`sum(rate(%[1]s_bucket{outcome="confirmed",le=~"2([.]0)?"}[%[2]s])) / sum(rate(%[1]s_count{outcome="confirmed"}[%[2]s]))`,
		decided, window)
}

// lateRule is the name of the rule that records the share of late orders.
func lateRule(window string) string { return "stoa:orders_late:ratio_rate" + window }

// lateRules record the share for each window.
func lateRules() (rules []rule) {
	for _, b := range burns {
		for _, window := range []string{b.short, b.long} {
			r := rule{Record: lateRule(window), Expr: "1 - " + inTime(window)}
			if !recorded(rules, r.Record) {
				rules = append(rules, r)
			}
		}
	}
	return rules
}

func recorded(rules []rule, name string) bool {
	for _, r := range rules {
		if r.Record == name {
			return true
		}
	}
	return false
}

// burning is the condition of an alert of this severity.
func burning(severity string) (expr string) {
	for _, b := range burns {
		if b.severity != severity {
			continue
		}
		if expr != "" {
			expr += " or "
		}
		expr += fmt.Sprintf("(%s > %s * %s and %s > %s * %s)", lateRule(b.long), b.times, budget, lateRule(b.short), b.times, budget)
	}
	return expr
}
