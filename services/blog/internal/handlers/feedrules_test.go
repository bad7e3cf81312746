package handlers_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
)

// element is an XML element with what is in it.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

// rule says what an element may have. A kind is the check of its text, "" for none.
type rule struct {
	kind     string
	attrs    map[string]string // required ones, and their kinds
	children map[string][2]int // how many at least and at most, 0 for any number
}

// atomRules are those of RFC 4287 for the elements that we use, stricter where it says SHOULD: feeds name themselves and their
// page, entries have a page and a summary. In the namespace of Atom, nothing else is allowed.
var atomRules = map[string]rule{
	"feed": {children: map[string][2]int{
		"id": {1, 1}, "title": {1, 1}, "subtitle": {0, 1}, "updated": {1, 1}, "link": {2, 2}, "entry": {0, 0},
	}},
	"entry": {children: map[string][2]int{
		"id": {1, 1}, "title": {1, 1}, "published": {1, 1}, "updated": {1, 1}, "author": {1, 1}, "link": {1, 1},
		"category": {0, 0}, "summary": {1, 1},
	}},
	"author":   {children: map[string][2]int{"name": {1, 1}, "uri": {1, 1}}},
	"link":     {attrs: map[string]string{"rel": "rel", "type": "text", "href": "url"}},
	"category": {attrs: map[string]string{"term": "text"}},
	"id":       {kind: "urn"}, "title": {kind: "text"}, "subtitle": {kind: "text"}, "summary": {kind: "text"}, "name": {kind: "text"},
	"updated": {kind: "time"}, "published": {kind: "time"}, "uri": {kind: "url"},
}

// sitemapRules and indexRules are those of sitemaps.org, for the elements that we use.
var (
	sitemapRules = map[string]rule{
		"urlset": {children: map[string][2]int{"url": {1, 50_000}}},
		"url":    {children: map[string][2]int{"loc": {1, 1}, "lastmod": {0, 1}}},
		"loc":    {kind: "url"}, "lastmod": {kind: "time"},
	}
	indexRules = map[string]rule{
		"sitemapindex": {children: map[string][2]int{"sitemap": {1, 50_000}}},
		"sitemap":      {children: map[string][2]int{"loc": {1, 1}}},
		"loc":          {kind: "url"},
	}
)

// validate returns what is wrong with an XML document whose root has this name and namespace.
func validate(document []byte, space, root string, rules map[string]rule) (element, error) {
	var top element
	decoder := xml.NewDecoder(strings.NewReader(string(document)))
	if err := decoder.Decode(&top); err != nil {
		return top, err
	}
	if _, err := decoder.Token(); err == nil {
		if _, err = decoder.Token(); !errors.Is(err, io.EOF) {
			return top, fmt.Errorf("there is something behind the root: %w", err)
		}
	}
	if top.XMLName.Local != root {
		return top, fmt.Errorf("the root is %s, want %s", top.XMLName.Local, root)
	}
	return top, top.check(space, rules)
}

func (e element) check(space string, rules map[string]rule) error {
	r, known := rules[e.XMLName.Local]
	if !known || e.XMLName.Space != space {
		return fmt.Errorf("%s in %q is not allowed", e.XMLName.Local, e.XMLName.Space)
	}
	all := []error{checkText(r.kind, e.Text, e.XMLName.Local)}
	for _, attr := range e.Attrs {
		kind, known := r.attrs[attr.Name.Local]
		if !known && attr.Name.Local != "xmlns" {
			all = append(all, fmt.Errorf("the attribute %s of %s is not allowed", attr.Name.Local, e.XMLName.Local))
		}
		if known {
			all = append(all, checkText(kind, attr.Value, attr.Name.Local))
		}
	}
	for name := range r.attrs {
		if !slices.ContainsFunc(e.Attrs, func(a xml.Attr) bool { return a.Name.Local == name }) {
			all = append(all, fmt.Errorf("%s has no %s", e.XMLName.Local, name))
		}
	}
	counts := map[string]int{}
	for _, child := range e.Children {
		counts[child.XMLName.Local]++
		if _, allowed := r.children[child.XMLName.Local]; !allowed {
			all = append(all, fmt.Errorf("%s in %s is not allowed", child.XMLName.Local, e.XMLName.Local))
		}
		all = append(all, child.check(space, rules))
	}
	rels := map[string]bool{}
	for _, link := range e.all("link") {
		if rel := link.attr("rel"); rels[rel] {
			all = append(all, fmt.Errorf("%s has two links that are %s", e.XMLName.Local, rel))
		} else {
			rels[rel] = true
		}
	}
	for name, limits := range r.children {
		if n := counts[name]; n < limits[0] || limits[1] > 0 && n > limits[1] {
			all = append(all, fmt.Errorf("%s has %d of %s", e.XMLName.Local, n, name))
		}
	}
	return errors.Join(all...)
}

// checkText checks a text of a kind.
func checkText(kind, text, name string) error {
	wrong := false
	switch kind {
	case "":
		wrong = strings.TrimSpace(text) != ""
	case "text":
		wrong = strings.TrimSpace(text) == ""
	case "rel":
		wrong = text != "self" && text != "alternate"
	case "time":
		_, err := time.Parse(time.RFC3339, text)
		wrong = err != nil
	case "urn":
		wrong = !strings.HasPrefix(text, "urn:uuid:") || len(text) != len("urn:uuid:")+36
	case "url":
		parsed, err := url.Parse(text)
		wrong = err != nil || !strings.HasPrefix(text, site.URL+"/") || parsed.String() != text || len(text) > 2048
	}
	if wrong {
		return fmt.Errorf("%s is %q, which is no %s", name, text, kind)
	}
	return nil
}

// child returns the text of a child.
func (e element) child(name string) string {
	for _, c := range e.Children {
		if c.XMLName.Local == name {
			return c.Text
		}
	}
	return ""
}

// attr returns the value of an attribute.
func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// all returns the children of a name.
func (e element) all(name string) []element {
	return slices.DeleteFunc(slices.Clone(e.Children), func(c element) bool { return c.XMLName.Local != name })
}

// jsonRules are those of JSON Feed 1.1 for a feed and an item: the names that they may have and the kinds of their texts.
var (
	jsonFeedRules = map[string]string{"version": "text", "title": "text", "home_page_url": "url", "feed_url": "url", "description": "text", "items": ""}
	jsonItemRules = map[string]string{
		"id": "urn", "url": "url", "title": "text", "summary": "text", "content_text": "text", "image": "text",
		"date_published": "time", "date_modified": "time", "authors": "", "tags": "",
	}
	jsonAuthorRules = map[string]string{"name": "text", "url": "url", "avatar": "text"}
	jsonOptional    = []string{"description", "image", "tags", "avatar"}
)

// validateJSON returns what is wrong with a JSON feed.
func validateJSON(document []byte) (map[string]any, error) {
	var feed map[string]any
	if err := json.Unmarshal(document, &feed); err != nil {
		return nil, err
	}
	all := []error{checkObject(feed, jsonFeedRules)}
	if feed["version"] != "https://jsonfeed.org/version/1.1" {
		all = append(all, fmt.Errorf("the version is %v", feed["version"]))
	}
	items, ok := feed["items"].([]any)
	if !ok {
		all = append(all, fmt.Errorf("items are %v", feed["items"]))
	}
	for _, item := range items {
		object, _ := item.(map[string]any)
		all = append(all, checkObject(object, jsonItemRules))
		if authors, _ := object["authors"].([]any); len(authors) != 1 {
			all = append(all, fmt.Errorf("authors are %v", object["authors"]))
		} else if author, _ := authors[0].(map[string]any); author != nil {
			all = append(all, checkObject(author, jsonAuthorRules))
		}
	}
	return feed, errors.Join(all...)
}

func checkObject(o map[string]any, rules map[string]string) error {
	var all []error
	for name, value := range o {
		kind, known := rules[name]
		if !known {
			all = append(all, fmt.Errorf("there is no member %s", name))
		}
		if text, _ := value.(string); kind != "" {
			all = append(all, checkText(kind, text, name))
		}
	}
	for name := range rules {
		if _, has := o[name]; !has && !slices.Contains(jsonOptional, name) {
			all = append(all, fmt.Errorf("%s is missing", name))
		}
	}
	return errors.Join(all...)
}
