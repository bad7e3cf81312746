package search

import (
	"context"
	"time"
)

// Progress is how far a rebuild is.
type Progress struct {
	Begun   time.Time
	Indexed int
	Total   int
}

// Status is what an index has.
type Status struct {
	// Entries are documents; those that were changed or removed lately count more than once.
	Entries  int
	Segments int
	// Rebuild is nil if there is none.
	Rebuild *Progress
}

// Status returns what the index has, and how far its rebuild is.
func (x *Index) Status(ctx context.Context) (Status, error) {
	document, err := x.manifests.Find(ctx, x.name)
	m := document.Value
	status := Status{Segments: len(m.Segments)}
	for _, r := range m.Segments {
		status.Entries += r.Entries
	}
	if m.Rebuild != nil {
		status.Rebuild = &Progress{m.Rebuild.Begun, m.Rebuild.Indexed, m.Rebuild.Total}
	}
	return status, err
}
