package observability

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/internal/monitoring"
	"stoa/pkg/common/must"
	"stoa/test/servers"
	"stoa/test/system"
)

// prometheus is a Prometheus that watches the system by the configuration that `stoa prometheus` prints.
type prometheus struct{ address string }

func watch(t *testing.T) prometheus {
	t.Helper()
	return prometheus{servers.Prometheus(t, must.Get(monitoring.Configuration(system.Root(t), time.Second, shop.Processes()))(t))}
}

// get reads the data of an answer of the API.
func (p prometheus) get(ctx context.Context, path string, parameters url.Values, data any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.address+"/api/v1/"+path+"?"+parameters.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	all := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(answer.Body).Decode(&all); err != nil || all.Status != "success" {
		return fmt.Errorf("%s: %s %s %w", path, all.Status, all.Error, err)
	}
	return nil
}

// query returns the values of an expression that are numbers.
func (p prometheus) query(ctx context.Context, expr string) (values []string, err error) {
	var data struct {
		Result []struct{ Value [2]any }
	}
	err = p.get(ctx, "query", url.Values{"query": {expr}}, &data)
	for _, r := range data.Result {
		if value := fmt.Sprint(r.Value[1]); value != "NaN" {
			values = append(values, value)
		}
	}
	return values, err
}

// queries are those of all dashboards, by dashboard and panel.
func queries(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, file := range must.Get(filepath.Glob(filepath.Join(system.Root(t), monitoring.Folder, "dashboards", "*.json")))(t) {
		var dashboard struct {
			Title  string
			Panels []struct {
				Title   string
				Targets []struct{ RefID, Expr string }
			}
		}
		must.Do(t, json.Unmarshal(must.Get(os.ReadFile(file))(t), &dashboard))
		for _, p := range dashboard.Panels {
			if len(p.Targets) == 0 {
				t.Errorf("%s, %s has no query", dashboard.Title, p.Title)
			}
			for _, query := range p.Targets {
				all[fmt.Sprintf("%s, %s, %s", dashboard.Title, p.Title, query.RefID)] = strings.ReplaceAll(query.Expr, "$__rate_interval", "2m")
			}
		}
	}
	return all
}

// Every panel of every dashboard shows something of a system in which people order, write and read, and somebody publishes what nobody
// can handle.
func TestDashboards_showData(t *testing.T) {
	seen, asked := watch(t), queries(t)
	if len(asked) < 40 {
		t.Fatalf("only %d queries", len(asked))
	}
	p := newPeople(t)
	p.act(t)
	// A rate needs two values, so everything happens again once Prometheus has seen it.
	system.Eventually(t, "Prometheus has seen all processes, and a delivered order", func() error {
		return seen.expect(t.Context(), `count(up == 0) or (sum(stoa_orders_total{outcome="delivered"}) < 1) or absent(stoa_orders_total)`, 0)
	})
	p.act(t)
	system.Within(t, 2*system.Patience, "all panels show something", func() error { return seen.missing(t.Context(), asked) })
	t.Run("alerts", func(t *testing.T) {
		p.fail(t, seen)
		checkAlerts(t, seen)
		checkSelectors(t, seen)
	})
}

// expect fails unless an expression has this many results.
func (p prometheus) expect(ctx context.Context, expr string, want int) error {
	values, err := p.query(ctx, expr)
	if err == nil && len(values) != want {
		err = fmt.Errorf("%s is %v", expr, values)
	}
	return err
}

// missing names the queries without a result.
func (p prometheus) missing(ctx context.Context, asked map[string]string) error {
	var empty []string
	for _, panel := range slices.Sorted(maps.Keys(asked)) {
		values, err := p.query(ctx, asked[panel])
		if err != nil {
			return fmt.Errorf("%s: %w", panel, err)
		}
		if len(values) == 0 {
			empty = append(empty, panel+": "+asked[panel])
		}
	}
	if len(empty) > 0 {
		return fmt.Errorf("%d of %d queries find nothing:\n%s", len(empty), len(asked), strings.Join(empty, "\n"))
	}
	return nil
}

// selector matches a metric in a rule, or in the example of one, with its labels.
var (
	selector = regexp.MustCompile(`\b((?:up|stoa_|dapr_|http_|process_|go_|stoa:)[a-z0-9_:]*)(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`(\w+)(?:=~|!~|!=|=)"`)
)

// Prometheus evaluates every rule, and the system has all metrics that the rules and their examples name, with their labels.
func checkAlerts(t *testing.T, seen prometheus) {
	system.Eventually(t, "all rules are evaluated", func() error {
		var data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
		if err := seen.get(t.Context(), "rules", nil, &data); err != nil {
			return err
		}
		rules := 0
		for _, g := range data.Groups {
			for _, r := range g.Rules {
				if rules++; r.Health != "ok" {
					return fmt.Errorf("%s is %s: %s", r.Name, r.Health, r.LastError)
				}
			}
		}
		if rules < 20 {
			return fmt.Errorf("only %d rules", rules)
		}
		return nil
	})
	for _, file := range []string{monitoring.RulesFile, monitoring.RulesTestFile} {
		text := must.Get(os.ReadFile(filepath.Join(system.Root(t), monitoring.Folder, file)))(t)
		for _, found := range selector.FindAllStringSubmatch(string(text), -1) {
			labels := must.Get(seen.labels(t.Context(), found[1]))(t)
			for _, label := range matcher.FindAllStringSubmatch(found[2], -1) {
				if !slices.Contains(labels, label[1]) {
					t.Errorf("%s: no series %s has the label %s; there are %v", file, found[1], label[1], labels)
				}
			}
			if len(labels) == 0 {
				t.Errorf("%s: the system has no %s", file, found[1])
			}
		}
	}
}

// labels are those that the series of a metric have.
func (p prometheus) labels(ctx context.Context, metric string) (names []string, err error) {
	err = p.get(ctx, "labels", url.Values{"match[]": {metric}}, &names)
	return names, err
}
