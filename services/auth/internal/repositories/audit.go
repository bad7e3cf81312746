package repositories

import (
	"context"
	"strconv"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/sidecar"
	"stoa/services/auth/internal/domain"
)

const (
	// trailSize is how many entries a page of the trail has. A page is read and written as a whole, so it stays small.
	trailSize = 50
	// trailReads is how many pages List reads at most, in search of the entries of an account.
	trailReads = 20
	// head is the page that gets new entries.
	head = "head"
)

// trailPage is one page of the trail, oldest entry first. The head has the largest number. All others are full.
type trailPage struct {
	Number  int            `json:"number"`
	Entries []domain.Entry `json:"entries"`
}

// Trail implements domain.Trail. All pages expire AuditTTL after they were last written, so the trail ends where a page is
// missing, and nobody has to clean up.
type Trail struct{ pages *sidecar.Documents[trailPage] }

// NewTrail returns the audit trail behind a sidecar.
func NewTrail(s *sidecar.Sidecar) *Trail {
	ttl := func(trailPage) time.Duration { return domain.AuditTTL }
	return &Trail{sidecar.Expiring(s, store, "audit", ttl)}
}

// Record implements domain.Trail. A full head is copied to its place first. It takes nothing more, not even what an entry could
// fold in: so its entries never change, and all writers make the same copy.
func (r *Trail) Record(ctx context.Context, entry domain.Entry) error {
	_, err := r.pages.Upsert(ctx, head, func(page *trailPage) error {
		if len(page.Entries) == trailSize {
			err := r.pages.Create(ctx, strconv.Itoa(page.Number), *page, 0)
			if err != nil && !errs.Is(err, errs.Conflict) {
				return err
			}
			*page = trailPage{Number: page.Number + 1}
		}
		for i := range page.Entries {
			if page.Entries[i].Fold(entry) {
				return nil
			}
		}
		page.Entries = append(page.Entries, entry)
		return nil
	})
	return err
}

// List implements domain.Trail. A cursor is the place of the next entry, counted from the first one ever.
func (r *Trail) List(ctx context.Context, accountID, cursor string, limit int) (entries []domain.Entry, next string, err error) {
	page, err := r.pages.Find(ctx, head)
	if err != nil {
		return nil, "", err
	}
	newest := page.Value.Number*trailSize + len(page.Value.Entries) - 1
	at := newest
	if cursor != "" {
		if at, err = strconv.Atoi(cursor); err != nil || at < 0 || at > newest {
			return nil, "", errs.InvalidField("cursor", "is not a cursor of this list")
		}
	}
	oldest := time.Now().Add(-domain.AuditTTL)
	for reads := 0; at >= 0 && len(entries) < limit; at-- {
		if number := at / trailSize; number != page.Value.Number {
			if reads++; reads > trailReads {
				break
			}
			if page, err = r.pages.Find(ctx, strconv.Itoa(number)); err != nil || !page.Exists() {
				return entries, "", err
			}
		}
		entry := page.Value.Entries[at%trailSize]
		if entry.Last.Before(oldest) {
			return entries, "", nil
		}
		if accountID == "" || entry.AccountID == accountID || entry.Subject == accountID {
			entries = append(entries, entry)
		}
	}
	if at >= 0 {
		next = strconv.Itoa(at)
	}
	return entries, next, nil
}

// Refusals implements domain.RefusalStore: a document for each day.
type Refusals struct {
	*sidecar.Documents[domain.Refusals]
}

// NewRefusals returns the refusals behind a sidecar.
func NewRefusals(s *sidecar.Sidecar) Refusals {
	ttl := func(domain.Refusals) time.Duration { return domain.AuditTTL }
	return Refusals{sidecar.Expiring(s, store, "refusals", ttl)}
}

// Day implements domain.RefusalStore.
func (r Refusals) Day(ctx context.Context, day string) (domain.Refusals, error) {
	found, err := r.Find(ctx, day)
	return found.Value, err
}
