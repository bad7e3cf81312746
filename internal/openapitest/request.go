package openapitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"stoa/pkg/common/web/webtest"
)

// request is a request for an operation, and whether the description allows it.
type request struct {
	webtest.Request
	allowed bool
	body    any
}

// draft is a request before it is encoded.
type draft struct {
	parameters []*string // nil for one that is not sent
	body       any
	raw        string // the body, encoded
	extra      string // an unknown query parameter
}

// draw makes a request of which nothing, or one part, is spoiled.
func (g generator) draw(t *rapid.T, o *operation) draft {
	d := draft{parameters: make([]*string, len(o.Parameters))}
	for i, p := range o.Parameters {
		if p.Required || rapid.Bool().Draw(t, "with "+p.Name) {
			text := strings.TrimSuffix(strings.TrimSuffix(fmt.Sprint(g.value(t, p.Schema, p.Name)), ".0"), "e0")
			list, _, _ := strings.Cut(o.path, "/{")
			if listed := g.memory[list+"/"+p.Name]; p.In == "path" && len(listed) > 0 && rapid.Bool().Draw(t, "listed") {
				text = rapid.SampledFrom(listed).Draw(t, p.Name).(string)
			}
			d.parameters[i] = &text
		}
	}
	if o.RequestBody != nil {
		d.body = g.value(t, o.RequestBody.Content["application/json"].Schema, "")
	}
	if rapid.Bool().Draw(t, "spoiled") {
		d.spoil(t, o)
	}
	if d.raw == "" && d.body != nil {
		raw, _ := json.Marshal(d.body) // it is made of what JSON has
		d.raw = string(raw)
	}
	return d
}

func (d *draft) spoil(t *rapid.T, o *operation) {
	part := rapid.IntRange(-3, len(o.Parameters)-1).Draw(t, "part")
	switch {
	case part >= 0:
		text, ok := rapid.SampledFrom(hostile).Draw(t, "hostile").(string)
		if ok && (text != "" || o.Parameters[part].In != "path") {
			d.parameters[part] = &text
		}
	case o.RequestBody == nil:
		d.extra = "unknown"
	case part == -1:
		d.body, d.raw = nil, rapid.SampledFrom(unreadable).Draw(t, "unreadable")
	default:
		d.body = spoil(t, d.body)
	}
}

// encode makes the request of a draft, and decides whether the description allows it.
func (g generator) encode(t *testing.T, o *operation, d draft) request {
	t.Helper()
	r := request{Request: webtest.Request{Method: o.method, Body: d.raw, Header: http.Header{}}, allowed: d.extra == "", body: d.body}
	path, query := o.path, url.Values{}
	for i, p := range o.Parameters {
		if d.parameters[i] == nil {
			continue
		}
		text := *d.parameters[i]
		r.allowed = r.allowed && g.permits(t, o, i, text)
		switch p.In {
		case "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(text))
		case "query":
			query.Set(p.Name, text)
		default:
			r.Header.Set(p.Name, text)
		}
	}
	if d.extra != "" {
		query.Set(d.extra, "1")
	}
	if r.Path = path; len(query) > 0 {
		r.Path += "?" + query.Encode()
	}
	if o.RequestBody != nil {
		body, err := jsonschema.UnmarshalJSON(strings.NewReader(d.raw))
		fits := d.body != nil && err == nil && g.fits(t, o.pointer("requestBody", "content", "application/json", "schema"), body) == nil
		r.allowed = r.allowed && (fits || d.raw == "" && !o.RequestBody.Required)
	}
	return r
}

// String shows a request in a message.
func (r request) String() string {
	return fmt.Sprintf("%s %s %v %.600s", r.Method, r.Path, r.Header, r.Body)
}
