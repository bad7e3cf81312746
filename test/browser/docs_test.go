package browser

import (
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stoa/api/openapi"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// gateway starts a system of nothing but the gateway and the app that knows its keys, and returns its URL.
func gateway(t *testing.T) string {
	t.Helper()
	return client.Start(t, system.Folder(t), client.Only(t, "gateway", "auth")).URL
}

func TestDocs_showEveryOperation(t *testing.T) {
	find(t)
	url := gateway(t)
	t.Run("every operation is listed", func(t *testing.T) { everyOperationIsListed(t, open(t, url+"/docs")) })
	t.Run("a link to an operation opens it", func(t *testing.T) { aLinkOpensAnOperation(t, open(t, url+"/docs#order/place-order")) })
	t.Run("the filter", func(t *testing.T) { theFilterHidesOthers(t, open(t, url+"/docs?q=Staff+POST+products")) })
}

// operation is the mark that each operation on the page has.
var operation = regexp.MustCompile(`<details class="operation"[^>]* data-operation="([^"]+)"[^>]*>`)

// listed returns the operations on the page whose tag the filter lets through.
func listed(t *testing.T, p page, filter func(tag string) bool) []string {
	t.Helper()
	if len(p.console) > 0 {
		t.Errorf("the browser complains:\n%s", strings.Join(p.console, "\n"))
	}
	for _, request := range p.requests {
		if !strings.HasPrefix(request, "200 /docs") {
			t.Errorf("the page asks for what it does not get: %s", request)
		}
	}
	if !strings.Contains(p.dom, `aria-busy="false"`) || strings.Contains(p.dom, `role="alert"`) {
		t.Errorf("the page did not come to its end:\n%s", p.dom)
	}
	var found []string
	for _, match := range operation.FindAllStringSubmatch(p.dom, -1) {
		if filter(match[0]) {
			found = append(found, html.UnescapeString(match[1]))
		}
	}
	slices.Sort(found)
	return found
}

func everyOperationIsListed(t *testing.T, p page) {
	var want []string
	text := html.UnescapeString(p.dom)
	for _, service := range openapi.Services() {
		raw := must.Get(openapi.Description(service))(t)
		var description struct {
			Paths map[string]map[string]struct{ Summary string }
		}
		must.Do(t, json.Unmarshal(raw, &description))
		for path, item := range description.Paths {
			for method, o := range item {
				want = append(want, strings.ToUpper(method)+" "+path)
				if o.Summary == "" || !strings.Contains(text, o.Summary) {
					t.Errorf("%s %s: the summary %q is not on the page", method, path, o.Summary)
				}
			}
		}
	}
	slices.Sort(want)
	got := listed(t, p, func(string) bool { return true })
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !strings.Contains(p.dom, fmt.Sprintf(">%d operations<", len(want))) {
		t.Errorf("the page does not say that there are %d operations", len(want))
	}
}

func aLinkOpensAnOperation(t *testing.T, p page) {
	got := listed(t, p, func(tag string) bool { return strings.Contains(tag, ` open=""`) })
	if want := []string{"POST /api/v1/orders"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, want := range []string{"Idempotency-Key", descriptionOfItems(t), "signed in", ">201<", "text/event-stream"} {
		if !strings.Contains(p.dom, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func theFilterHidesOthers(t *testing.T, p page) {
	got := listed(t, p, func(tag string) bool { return !strings.Contains(tag, " hidden") })
	if want := []string{"POST /api/v1/products", "POST /api/v1/products/search/rebuild", "POST /api/v1/products/{id}/stock"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// descriptionOfItems is what the description of the API says about the lines of an order.
func descriptionOfItems(t *testing.T) string {
	t.Helper()
	var order struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Description string }
			}
		}
	}
	must.Do(t, json.Unmarshal(must.Get(openapi.Description("order"))(t), &order))
	said := order.Components.Schemas["NewOrder"].Properties["items"].Description
	if said == "" {
		t.Fatal("the API says nothing about the lines of an order")
	}
	return said
}
