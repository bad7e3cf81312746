package handlers

import (
	"cmp"

	"stoa/services/blog/internal/domain"
)

// jsonFile is the last part of the path of JSON feeds.
const jsonFile = "/feed.json"

// jsonFeed is a feed as JSON Feed 1.1 describes it (https://www.jsonfeed.org/version/1.1/).
type jsonFeed struct {
	Version     string     `json:"version" enum:"https://jsonfeed.org/version/1.1"`
	Title       string     `json:"title"`
	HomePageURL string     `json:"home_page_url"`
	FeedURL     string     `json:"feed_url"`
	Description string     `json:"description,omitempty"`
	Items       []jsonItem `json:"items" nullable:"false"`
}

// ContentType implements huma.ContentTypeFilter.
func (jsonFeed) ContentType(string) string { return "application/feed+json" }

type jsonItem struct {
	ID            string       `json:"id"`
	URL           string       `json:"url"`
	Title         string       `json:"title"`
	Summary       string       `json:"summary"`
	ContentText   string       `json:"content_text"`
	Image         string       `json:"image,omitempty"`
	DatePublished string       `json:"date_published"`
	DateModified  string       `json:"date_modified"`
	Authors       []jsonPerson `json:"authors" nullable:"false"`
	Tags          []string     `json:"tags,omitempty" nullable:"false"`
}

type jsonPerson struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	Avatar string `json:"avatar,omitempty"`
}

func (s Site) jsonOf(f domain.Feed) jsonFeed {
	place := s.placeOf(f)
	view := jsonFeed{
		Version: "https://jsonfeed.org/version/1.1", Title: place.title, HomePageURL: place.page,
		FeedURL: place.folder + jsonFile, Description: f.Tag.Description, Items: make([]jsonItem, len(f.Entries)),
	}
	for i, e := range f.Entries {
		p := e.Post.Published
		view.Items[i] = jsonItem{
			ID: urn(e.Post.ID), URL: s.page(e.Post), Title: p.Title, Summary: p.Description, ContentText: cmp.Or(p.Excerpt, p.Description), Image: p.ImageURL,
			DatePublished: atomTime(p.At), DateModified: atomTime(p.RevisedAt), Tags: p.Tags,
			Authors: []jsonPerson{{nameOf(e.Author), s.to("authors", e.Author.ID), e.Author.PictureURL}},
		}
	}
	return view
}
