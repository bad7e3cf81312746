package monitoring

import "fmt"

// The objective: of the orders that are confirmed, 99.9 % are confirmed within two seconds after they were accepted, in 30 days. What
// may be late is the error budget.
const budget = "0.001"

// The pairs of windows: an alert is for what has burned for the long one, and still burns in the short one, so many times faster than
// the budget of 30 days allows (Google, The Site Reliability Workbook, chapter 5). Each pair has an example in which it alone makes its
// alert fire.
var burns = []struct {
	long, short, times, severity string
	alone                        example
}{
	// 2 % of the budget in an hour; one in fifty is late after five hours in which none was
	{"1h", "5m", "14.4", critical, example{"6h", confirmed("0+1000x300 300980+980x59", "0+1000x360"), nil}},
	// 5 % in six hours; one in a hundred
	{"6h", "30m", "6", critical, example{"6h", confirmed("0+990x360", "0+1000x360"), nil}},
	// 10 % in a day; four in a thousand after two hours of a rush in which none was late
	{"1d", "2h", "3", warning, example{"26h", confirmed("0+100000x120 12000996+996x1439", "0+100000x120 12001000+1000x1439"), nil}},
	// 10 % in three days; one in five hundred
	{"3d", "6h", "1", warning, example{"7h", confirmed("0+998x420", "0+1000x420"), nil}},
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

// burnExamples are those of all pairs of windows of an alert of this severity.
func burnExamples(severity string) (all []example) {
	for _, b := range burns {
		if b.severity == severity {
			all = append(all, b.alone)
		}
	}
	return all
}
