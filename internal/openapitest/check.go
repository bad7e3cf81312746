package openapitest

import (
	"net/http"
	"strconv"
	"testing"
)

// check fails the test for what a client cannot do without: where to send requests, how to authenticate, and which ids,
// cursors and errors there are.
func (d *description) check(t *testing.T) {
	t.Helper()
	if len(d.Servers) == 0 {
		t.Error("there are no servers")
	}
	for _, o := range d.operations() {
		if len(o.Security) == 0 {
			t.Fatalf("%s: nothing says how callers authenticate", o.OperationID)
		}
		for _, requirement := range o.Security {
			for scheme := range requirement {
				if d.Components.SecuritySchemes[scheme].Type == "" {
					t.Errorf("%s: there is no security scheme %q", o.OperationID, scheme)
				}
			}
		}
		for _, p := range o.Parameters {
			if (p.In == "path" || p.Name == "cursor") && p.Schema["pattern"] == nil {
				t.Errorf("%s: the parameter %s has no pattern", o.OperationID, p.Name)
			}
		}
		for text, response := range o.Responses {
			if status, err := strconv.Atoi(text); err != nil || status >= 400 && response.Description == http.StatusText(status) {
				t.Errorf("%s: nothing says when the answer is %s", o.OperationID, text)
			}
		}
	}
}
