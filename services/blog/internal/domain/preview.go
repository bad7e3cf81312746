package domain

import "context"

// Preview is what readers would get of a text that is not stored, and what differs from the one that is.
type Preview struct {
	Article    Article
	Difference Difference
}

// Preview shows what a text would look like in a post of this author. With compare, it tells the differences from the text of the
// draft, or else of what is submitted or published.
func (a *Authoring) Preview(ctx context.Context, authorID, id, text string, compare bool) (Preview, error) {
	if _, err := (Edit{Text: &text}).clean(a.texts); err != nil {
		return Preview{}, err
	}
	stored, err := a.Get(ctx, authorID, id)
	if err != nil {
		return Preview{}, err
	}
	var p Preview
	if p.Article, err = a.texts.Render(text); err != nil {
		return Preview{}, err
	}
	if compare {
		p.Difference = a.texts.Diff(stored.Content.Text, text)
	}
	return p, nil
}
