package repositories

import (
	"context"

	"stoa/pkg/common/ids"
	"stoa/pkg/sidecar"
	"stoa/services/blog/internal/domain"
)

// Tags implements domain.TagStore: a document for each tag, and a list of those that readers see. The name of a tag is not part
// of a key, because some stores take keys for one that differ only by accents.
type Tags struct {
	tags  *sidecar.Documents[domain.Tag]
	lists *sidecar.Lists[domain.Tag]
}

// NewTags returns the tags in the sidecar's store.
func NewTags(s *sidecar.Sidecar) *Tags {
	tags := sidecar.NewDocuments[domain.Tag](s, store, "tag")
	return &Tags{tags, sidecar.NewLists(tags, "tags")}
}

// listed is the list of all tags that readers see.
const listed = "listed"

func tagID(name string) string { return ids.Derive("tag", name) }

// Get implements domain.TagStore.
func (r *Tags) Get(ctx context.Context, name string) (domain.Tag, error) {
	found, err := r.tags.Find(ctx, tagID(name))
	found.Value.Name = name
	return found.Value, err
}

// GetEach implements domain.TagStore.
func (r *Tags) GetEach(ctx context.Context, names []string) (map[string]domain.Tag, error) {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = tagID(name)
	}
	found, err := r.tags.GetEach(ctx, keys)
	tags := make(map[string]domain.Tag, len(found))
	for _, d := range found {
		tags[d.Value.Name] = d.Value
	}
	return tags, err
}

// Upsert implements domain.TagStore. The list comes before the document, so that every tag that readers see is listed.
func (r *Tags) Upsert(ctx context.Context, name string, change func(*domain.Tag) error) (domain.Tag, error) {
	return r.tags.Upsert(ctx, tagID(name), func(tag *domain.Tag) error {
		before := tag.Listed()
		tag.Name = name
		if err := change(tag); err != nil || before || !tag.Listed() {
			return err
		}
		return r.lists.Add(ctx, listed, tagID(name))
	})
}

// List implements domain.TagStore.
func (r *Tags) List(ctx context.Context, cursor string, limit int) ([]domain.Tag, string, error) {
	return r.lists.Page(ctx, listed, cursor, limit, isListed)
}

func isListed(t domain.Tag) bool { return t.Listed() }

// Compact implements domain.TagStore.
func (r *Tags) Compact(ctx context.Context) error { return r.lists.Compact(ctx, listed, isListed) }
