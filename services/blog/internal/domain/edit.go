package domain

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/names"
)

// The limits of what an author writes, in letters; of the URL in bytes. A submitted title or description has minLine letters.
const (
	minLine        = 3
	maxTitle       = 500
	maxDescription = 2000
	maxText        = 50_000
	maxImageURL    = 2000
	maxTags        = 10
)

// Edit is what an author changes in a draft. A nil field changes nothing.
type Edit struct {
	Title, Description, ImageURL, Slug, Text *string
	Tags                                     *[]string
}

// clean returns the edit as it is stored. Its error names every wrong field.
func (e Edit) clean(texts Texts) (Edit, error) {
	var faults []errs.Field
	fault := func(name, problem string) { faults = append(faults, errs.Field{Name: name, Problem: problem}) }
	line := func(name string, typed *string, longest int) *string {
		if typed == nil || *typed == "" && name != "title" {
			return typed
		}
		clean, problem := names.Clean(*typed, minLine, longest)
		if problem != "" {
			fault(name, problem)
		}
		return &clean
	}
	e.Title = line("title", e.Title, maxTitle)
	e.Description = line("description", e.Description, maxDescription)
	if e.ImageURL != nil && !isImageURL(*e.ImageURL) {
		fault("imgUrl", "must be a URL such as https://example.org/amphora.jpg")
	}
	if e.Slug != nil && *e.Slug != "" {
		slug := texts.Slug(*e.Slug)
		if slug == "" {
			fault("slug", "must have a letter or digit")
		}
		e.Slug = &slug
	}
	if e.Text != nil && (utf8.RuneCountInString(*e.Text) > maxText || strings.ContainsRune(*e.Text, 0)) {
		fault("text", fmt.Sprintf("must have at most %d characters, and no U+0000", maxText))
	}
	if e.Tags != nil {
		tags := cleanTags(*e.Tags, texts, fault)
		e.Tags = &tags
	}
	return e, errs.InvalidFields(faults...)
}

// cleanTags returns tags as they are stored, each once.
func cleanTags(typed []string, texts Texts, fault func(name, problem string)) []string {
	tags := []string{}
	for i, t := range typed {
		tag := texts.Tag(t)
		if tag == "" {
			fault(fmt.Sprintf("tags[%d]", i), "must be a tag of at most 50 letters and digits")
		}
		if !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	if len(tags) > maxTags {
		fault("tags", fmt.Sprintf("must have at most %d tags", maxTags))
	}
	return tags
}

// isImageURL accepts absolute HTTP URLs, and "" for no image.
func isImageURL(text string) bool {
	parsed, err := url.Parse(text)
	return text == "" || err == nil && (parsed.Scheme == "https" || parsed.Scheme == "http") && parsed.Host != "" &&
		parsed.User == nil && len(text) <= maxImageURL
}

// apply returns the content after a clean edit.
func (e Edit) apply(c Content) Content {
	set := func(field, to *string) {
		if to != nil {
			*field = *to
		}
	}
	set(&c.Title, e.Title)
	set(&c.Description, e.Description)
	set(&c.ImageURL, e.ImageURL)
	set(&c.Slug, e.Slug)
	if e.Text != nil {
		c.Text, c.TextIn = *e.Text, 0
	}
	if e.Tags != nil {
		c.Tags = *e.Tags
	}
	return c
}

// same reports whether both are the same content.
func (c Content) same(other Content) bool {
	return c.Title == other.Title && c.Description == other.Description && c.ImageURL == other.ImageURL &&
		c.Slug == other.Slug && slices.Equal(c.Tags, other.Tags) && c.Text == other.Text && c.TextIn == other.TextIn
}

// checkSubmitted fails with errs.Invalid for content that no editor should have to look at. Its error names every field that
// is missing.
func (c Content) checkSubmitted() error {
	var faults []errs.Field
	missing := func(name string, is bool) {
		if is {
			faults = append(faults, errs.Field{Name: name, Problem: "is missing; a post needs it before it is submitted"})
		}
	}
	missing("title", c.Title == "")
	missing("description", c.Description == "")
	missing("text", strings.TrimSpace(c.Text) == "")
	missing("tags", len(c.Tags) == 0)
	return errs.InvalidFields(faults...)
}
