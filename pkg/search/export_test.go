package search

import "context"

// Status is what an index has, for tests.
type Status struct {
	// Entries are documents; those that were changed or removed lately count more than once.
	Entries  int
	Segments int
	// Rebuild is the one that is going on, nil if there is none.
	Rebuild *Rebuild
}

// Status returns what the index has.
func (x *Index) Status(ctx context.Context) (Status, error) {
	document, err := x.manifests.Find(ctx, x.name)
	m := document.Value
	status := Status{Segments: len(m.Segments)}
	for _, r := range m.Segments {
		status.Entries += r.Entries
	}
	if m.Rebuild != nil {
		shown := m.shown()
		status.Rebuild = &shown
	}
	return status, err
}
