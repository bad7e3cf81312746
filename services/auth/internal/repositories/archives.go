package repositories

import (
	"context"
	"strconv"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

// Archives implements domain.ArchiveStore: a document for each account that asked for an archive, and one for each page.
type Archives struct {
	archives *sidecar.Documents[domain.Archive]
	pages    *sidecar.Documents[domain.ArchivePage]
}

// archiveTTL is longer than the pages of an archive are stored: without it, nobody knows them.
const archiveTTL = domain.PageTTL + time.Hour

// NewArchives returns the archives behind a sidecar.
func NewArchives(s *sidecar.Sidecar) *Archives {
	return &Archives{
		archives: sidecar.Expiring(s, store, "archive", func(domain.Archive) time.Duration { return archiveTTL }),
		pages:    sidecar.Expiring(s, store, "archive-page", func(domain.ArchivePage) time.Duration { return domain.PageTTL }),
	}
}

// Find implements domain.ArchiveStore.
func (r *Archives) Find(ctx context.Context, accountID string) (domain.Archive, error) {
	found, err := r.archives.Find(ctx, accountID)
	return found.Value, err
}

// Upsert implements domain.ArchiveStore.
func (r *Archives) Upsert(ctx context.Context, accountID string, change func(*domain.Archive) error) (domain.Archive, error) {
	return r.archives.Upsert(ctx, accountID, change)
}

func pageID(archiveID string, n int) string { return archiveID + "." + strconv.Itoa(n) }

// Keep implements domain.ArchiveStore.
func (r *Archives) Keep(ctx context.Context, archiveID string, n int, page domain.ArchivePage) (domain.ArchivePage, error) {
	err := r.pages.Create(ctx, pageID(archiveID, n), page, 0)
	if errs.Is(err, errs.Conflict) { // another process was first
		return r.Page(ctx, archiveID, n)
	}
	return page, err
}

// Page implements domain.ArchiveStore.
func (r *Archives) Page(ctx context.Context, archiveID string, n int) (domain.ArchivePage, error) {
	page, err := r.pages.Get(ctx, pageID(archiveID, n))
	return page.Value, err
}

// Drop implements domain.ArchiveStore.
func (r *Archives) Drop(ctx context.Context, archiveID string, n int) error {
	for i := range n {
		if err := r.pages.Remove(ctx, pageID(archiveID, i)); err != nil {
			return err
		}
	}
	return nil
}
