package handlers

import (
	"encoding/xml"

	"stoa/services/blog/internal/domain"
)

// The media type of sitemaps, and the last part of the path.
const (
	sitemapType = "application/xml"
	sitemapFile = "sitemap.xml"
)

// sitemap names pages, as https://www.sitemaps.org/protocol.html describes it.
type sitemap struct {
	XMLName xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	URLs    []sitemapURL `xml:"url"`
}

// sitemapIndex names the parts of a sitemap.
type sitemapIndex struct {
	XMLName xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
	Parts   []sitemapURL `xml:"sitemap"`
}

type sitemapURL struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

// sitemapOf names posts, or parts if there are several. A sitemap has at least one page: the first is that of the blog.
func (s Site) sitemapOf(posts []domain.Post, parts int64) any {
	if parts > 1 {
		var index sitemapIndex
		for n := range parts {
			index.Parts = append(index.Parts, sitemapURL{Loc: s.partURL(n + 1)})
		}
		return index
	}
	view := sitemap{URLs: []sitemapURL{{Loc: s.to()}}}
	for _, p := range posts {
		view.URLs = append(view.URLs, sitemapURL{s.page(p), atomTime(p.Published.RevisedAt)})
	}
	return view
}
