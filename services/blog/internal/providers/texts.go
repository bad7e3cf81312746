package providers

import (
	"strings"

	"stoa/pkg/common/errs"
	"stoa/services/blog/internal/domain"
	"stoa/services/blog/internal/providers/text"
)

// Texts implements domain.Texts by package text.
type Texts struct{}

// Render implements domain.Texts.
func (Texts) Render(markdown string) (domain.Article, error) {
	made, err := text.Render(markdown)
	if err != nil {
		return domain.Article{}, errs.InvalidField("text", "%s", err)
	}
	article := domain.Article{HTML: made.HTML, Words: made.Words, ReadingTime: made.ReadingTime, Excerpt: made.Excerpt, Plain: made.Plain}
	for _, h := range made.TOC {
		article.TOC = append(article.TOC, domain.Heading(h))
	}
	return article, nil
}

// Slug implements domain.Texts.
func (Texts) Slug(title string) string { return text.Slug(title) }

// Tag implements domain.Texts. A tag is part of a path, in which # cannot be: it is written out.
func (Texts) Tag(typed string) string {
	return text.Tag(strings.ReplaceAll(strings.TrimLeft(text.Tag(typed), "#"), "#", "SHARP"))
}

// Comment implements domain.Texts.
func (Texts) Comment(plain string) string { return text.Comment(plain) }

// Diff implements domain.Texts.
func (Texts) Diff(before, after string) domain.Difference {
	made := text.Diff(before, after)
	d := domain.Difference{Removed: made.Removed, Added: made.Added}
	for _, row := range made.Rows {
		d.Rows = append(d.Rows, domain.Row{Old: spans(row.Old), New: spans(row.New)})
	}
	return d
}

func spans(all []text.Span) []domain.Span {
	converted := make([]domain.Span, len(all))
	for i, s := range all {
		converted[i] = domain.Span(s)
	}
	return converted
}
