package handlers

import (
	"time"

	"stoa/services/blog/internal/domain"
)

// author is who wrote a post, as everyone sees them.
type author struct {
	ID            string `json:"id" format:"uuid"`
	Name          string `json:"name" doc:"Empty for a moment after the author has signed up"`
	ProfilePicURL string `json:"profilePicUrl,omitempty"`
}

func authorOf(a domain.Author) author {
	return author{ID: a.ID, Name: a.Name, ProfilePicURL: a.PictureURL}
}

// Content is what all views of a post have.
type Content struct {
	ID          string   `json:"id" format:"uuid"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Slug        string   `json:"slug" doc:"Part of the address; empty until the post is submitted, unless its author has chosen one"`
	ImgURL      string   `json:"imgUrl,omitempty"`
	Tags        []string `json:"tags" nullable:"false"`
}

func contentOf(id string, c domain.Content) Content {
	if c.Tags == nil {
		c.Tags = []string{}
	}
	return Content{ID: id, Title: c.Title, Description: c.Description, Slug: c.Slug, ImgURL: c.ImageURL, Tags: c.Tags}
}

// Item is a published post on a list.
type Item struct {
	Content
	Author      author    `json:"author"`
	PublishedAt time.Time `json:"publishedAt" doc:"When the post became public"`
	RevisedAt   time.Time `json:"revisedAt" doc:"When it was last changed in public"`
	Words       int       `json:"words"`
	ReadingTime int       `json:"readingTime" doc:"In minutes"`
	Excerpt     string    `json:"excerpt" doc:"The beginning of the text, without Markdown"`
	Comments    int       `json:"comments" doc:"How many comments and replies there are"`
}

func itemOf(e domain.Entry) Item {
	p := e.Post.Published
	return Item{
		Content: contentOf(e.Post.ID, p.Content), Author: authorOf(e.Author), PublishedAt: p.At, RevisedAt: p.RevisedAt,
		Words: p.Words, ReadingTime: p.ReadingTime, Excerpt: p.Excerpt, Comments: e.Post.Comments.Number,
	}
}

// heading is one entry of a table of contents.
type heading struct {
	Level int    `json:"level"`
	ID    string `json:"id" doc:"The id of the heading in the HTML"`
	Text  string `json:"text"`
}

// Article is what readers get of a text.
type Article struct {
	HTML string    `json:"html" doc:"Safe to show as it is"`
	TOC  []heading `json:"toc" nullable:"false" doc:"The headings of the text"`
}

func articleOf(a domain.Article) Article {
	view := Article{HTML: a.HTML, TOC: make([]heading, len(a.TOC))}
	for i, h := range a.TOC {
		view.TOC[i] = heading(h)
	}
	return view
}

// page is a published post with its text.
type page struct {
	Item
	Article
}

func pageOf(p domain.Page) page { return page{itemOf(p.Entry), articleOf(p.Article)} }

// step is what someone did with a post.
type step struct {
	Act      domain.Act `json:"act" enum:"submitted,withdrawn,published,scheduled,refused,unpublished,restored,deleted"`
	By       string     `json:"by" format:"uuid" doc:"The account that did it"`
	At       time.Time  `json:"at"`
	Note     string     `json:"note,omitempty" doc:"Why"`
	Revision int64      `json:"revision,omitempty"`
}

func stepOf(s domain.Step) step {
	return step{Act: s.Act, By: s.By, At: s.At, Note: s.Note, Revision: s.Revision}
}

// submission is what waits for an editor.
type submission struct {
	Revision  int64      `json:"revision"`
	At        time.Time  `json:"at"`
	PublishAt *time.Time `json:"publishAt,omitempty" doc:"When it is published, if an editor has approved it for a time"`
}

// publication is what readers see.
type publication struct {
	Revision  int64     `json:"revision"`
	Slug      string    `json:"slug"`
	At        time.Time `json:"at"`
	RevisedAt time.Time `json:"revisedAt"`
}

// Work is a post as its author and editors see it, without its text.
type Work struct {
	Content
	Author    author        `json:"author"`
	Status    domain.Status `json:"status" enum:"draft,submitted,scheduled,published,unpublished" doc:"The furthest that the post has come; a published post may have a draft"`
	Version   int64         `json:"version" doc:"Grows with each change; the ETag of the post"`
	Draft     bool          `json:"draft" doc:"Whether there is a draft that is not submitted"`
	Submitted *submission   `json:"submitted,omitempty"`
	Published *publication  `json:"published,omitempty"`
	Refusal   *step         `json:"refusal,omitempty" doc:"Why an editor refused what was submitted last"`
	History   []step        `json:"history" nullable:"false" doc:"The latest 50 acts, the latest last"`
	CreatedAt time.Time     `json:"createdAt"`
	UpdatedAt time.Time     `json:"updatedAt"`
}

// workOf shows some content of a post.
func workOf(e domain.Entry, shown domain.Content) Work {
	p := e.Post
	view := Work{
		Content: contentOf(p.ID, shown), Author: authorOf(e.Author), Status: p.Status(), Version: p.Version, Draft: p.Draft != nil,
		History: make([]step, len(p.History)), CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
	for i, s := range p.History {
		view.History[i] = stepOf(s)
	}
	if s := p.Submitted; s != nil {
		view.Submitted = &submission{Revision: s.Revision, At: s.At}
		if s.Scheduled() {
			view.Submitted.PublishAt = &s.PublishAt
		}
	}
	if s := p.Published; s != nil {
		view.Published = &publication{Revision: s.Revision, Slug: p.Slug(), At: s.At, RevisedAt: s.RevisedAt}
	}
	if s := p.Refusal(); s != nil {
		refusal := stepOf(*s)
		view.Refusal = &refusal
	}
	return view
}

func draftOf(e domain.Entry) Work     { return workOf(e, *e.Post.Draft) }
func submittedOf(e domain.Entry) Work { return workOf(e, e.Post.Submitted.Content) }
func publishedOf(e domain.Entry) Work { return workOf(e, e.Post.Published.Content) }
