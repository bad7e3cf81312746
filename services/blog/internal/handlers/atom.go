package handlers

import (
	"encoding/xml"
	"strings"
	"time"

	"stoa/services/blog/internal/domain"
)

// The media type and the last part of the path of Atom feeds.
const (
	atomType = "application/atom+xml"
	atomFile = "/feed.atom"
)

// atomFeed is a feed as RFC 4287 describes it.
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Detail  string      `xml:"subtitle,omitempty"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomEntry struct {
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Author     atomPerson     `xml:"author"`
	Links      []atomLink     `xml:"link"`
	Categories []atomCategory `xml:"category"`
	Summary    string         `xml:"summary"`
}

type atomPerson struct {
	Name string `xml:"name"`
	URI  string `xml:"uri"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

func (s Site) atomOf(f domain.Feed) atomFeed {
	place := s.placeOf(f)
	view := atomFeed{
		ID: urn(f.ID), Title: place.title, Detail: f.Tag.Description, Updated: atomTime(f.Updated),
		Links: []atomLink{{"self", atomType, place.folder + atomFile}, {"alternate", "text/html", place.page}},
	}
	for _, e := range f.Entries {
		p := e.Post.Published
		entry := atomEntry{
			ID: urn(e.Post.ID), Title: p.Title, Published: atomTime(p.At), Updated: atomTime(p.RevisedAt), Summary: summaryOf(p),
			Author: atomPerson{nameOf(e.Author), s.to("authors", e.Author.ID)},
			Links:  []atomLink{{"alternate", "text/html", s.page(e.Post)}},
		}
		for _, tag := range p.Tags {
			entry.Categories = append(entry.Categories, atomCategory{tag})
		}
		view.Entries = append(view.Entries, entry)
	}
	return view
}

// summaryOf is what a feed has of the text of a post: so feeds stay small, however long posts are.
func summaryOf(p *domain.Publication) string {
	return strings.TrimSpace(p.Description + "\n\n" + p.Excerpt)
}

func atomTime(at time.Time) string { return at.UTC().Format(time.RFC3339) }
