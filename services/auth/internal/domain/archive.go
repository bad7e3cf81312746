package domain

import (
	"context"
	"encoding/json"
	"time"

	"stoa/pkg/common/errs"
)

const (
	// ArchiveTTL is for how long an archive waits to be fetched, after at most collectTime in which it is collected. So no page is needed
	// for longer than PageTTL.
	ArchiveTTL, collectTime = 24 * time.Hour, 24 * time.Hour
	PageTTL                 = ArchiveTTL + collectTime
	// archivePause is the shortest time between two archives of an account.
	archivePause = time.Hour
	// fetchTime is how long one attempt to fetch an archive keeps another one from beginning. After that, the later one counts.
	fetchTime = 15 * time.Second
)

// Archive is how far the collection of all that the services keep about an account is. What was collected is in pages.
type Archive struct {
	// ID tells the archives of an account apart.
	ID          string    `json:"id"`
	RequestedAt time.Time `json:"requestedAt"`
	// Source is the number of the source that is asked next, from Cursor on.
	Source int    `json:"source"`
	Cursor string `json:"cursor,omitempty"`
	// Pages is how many pages are stored.
	Pages int `json:"pages"`
	// ReadyAt is when the last page was stored, FetchingAt when somebody last began to fetch the archive, and FetchedAt when all of it was
	// handed out.
	ReadyAt    time.Time `json:"readyAt,omitzero"`
	FetchingAt time.Time `json:"fetchingAt,omitzero"`
	FetchedAt  time.Time `json:"fetchedAt,omitzero"`
	// ErasedAt is when the account was deleted.
	ErasedAt time.Time `json:"erasedAt,omitzero"`
	// Former are earlier archives of the account, until their pages are removed.
	Former []Stored `json:"former,omitempty"`
}

// Stored is an archive with so many pages.
type Stored struct {
	ID    string `json:"id"`
	Pages int    `json:"pages"`
}

func (a *Archive) stored() Stored { return Stored{a.ID, a.Pages} }

// Piece is one thing that a service keeps about an account.
type Piece struct {
	Service string          `json:"service"`
	Kind    string          `json:"kind"`
	Data    json.RawMessage `json:"data"`
}

// ArchivePage is what one call of a source returned, and the cursor of the next call, "" for none.
type ArchivePage struct {
	Pieces []Piece `json:"pieces"`
	Next   string  `json:"next,omitempty"`
}

// Source is a service that keeps something about accounts.
type Source interface {
	// Page returns some of it.
	Page(ctx context.Context, accountID, cursor string) (ArchivePage, error)
}

// ArchiveStore stores one archive of each account, and its pages. Both expire, the pages first.
type ArchiveStore interface {
	// Find returns the archive of an account, the zero Archive if there is none.
	Find(ctx context.Context, accountID string) (Archive, error)
	// Upsert changes an archive by a pure function, which gets the zero Archive for a new one.
	Upsert(ctx context.Context, accountID string, change func(*Archive) error) (Archive, error)
	// Keep stores a page unless it is stored already, and returns what is stored then.
	Keep(ctx context.Context, archiveID string, n int, page ArchivePage) (ArchivePage, error)
	// Page returns a page.
	Page(ctx context.Context, archiveID string, n int) (ArchivePage, error)
	// Drop removes the first n pages of an archive.
	Drop(ctx context.Context, archiveID string, n int) error
}

// ArchiveState says how far an archive is.
type ArchiveState string

// The states.
const (
	NoArchive  ArchiveState = "none"
	Collecting ArchiveState = "collecting"
	Ready      ArchiveState = "ready"
	Fetched    ArchiveState = "fetched"
)

// State says how far the archive is. Nobody can fetch one that was collected, or waited, for too long.
func (a *Archive) State(now time.Time) ArchiveState {
	switch {
	case a.ID == "" || !a.ErasedAt.IsZero():
		return NoArchive
	case !a.FetchedAt.IsZero():
		return Fetched
	case a.ReadyAt.IsZero() && now.Sub(a.RequestedAt) < collectTime:
		return Collecting
	case !a.ReadyAt.IsZero() && now.Sub(a.ReadyAt) < ArchiveTTL:
		return Ready
	}
	return NoArchive
}

// over reports whether nobody needs the pages any longer.
func (a *Archive) over() bool { return !a.FetchedAt.IsZero() || !a.ErasedAt.IsZero() }

// settled reports whether nothing is left to do for an account that is on the list since then. For a while there may be something without
// an archive: it may be about to be stored, or a page of one that is erased. And one that is being fetched may be over soon.
func (a *Archive) settled(since, now time.Time) bool {
	switch a.State(now) {
	case NoArchive:
		return now.Sub(since) >= beginTime
	case Ready:
		return now.Sub(a.FetchingAt) >= beginTime
	default:
		return a.over()
	}
}

// begin begins another archive, unless the last one is being collected or waits to be fetched. It fails with errs.RateLimited
// soon after an archive.
func (a *Archive) begin(id string, now time.Time) error {
	if state := a.State(now); state == Collecting || state == Ready {
		return nil
	}
	if wait := a.RequestedAt.Add(archivePause).Sub(now); a.ID != "" && wait > 0 {
		return &errs.Error{
			Kind: errs.RateLimited, Message: "an archive was made within the last hour; try again later", RetryAfter: wait,
		}
	}
	former := a.Former
	if a.ID != "" {
		former = append(former, a.stored())
	}
	*a = Archive{ID: id, RequestedAt: now, Former: former}
	return nil
}

// add notes a page that was stored, unless another process has.
func (a *Archive) add(archiveID string, n int, page ArchivePage, sources int, now time.Time) {
	if a.ID != archiveID || a.Pages != n || a.State(now) != Collecting {
		return
	}
	a.Pages++
	if a.Cursor = page.Next; a.Cursor == "" {
		a.Source++
	}
	if a.Source >= sources { // an earlier build may have had more
		a.ReadyAt = now
	}
}

// fetch begins to hand out the archive. It fails with errs.Conflict unless it is ready, and while somebody else fetches it.
func (a *Archive) fetch(now time.Time) error {
	switch a.State(now) {
	case Ready:
		if now.Sub(a.FetchingAt) < fetchTime {
			return errs.New(errs.Conflict, "the archive is being fetched; if that fails, try again in a quarter of a minute")
		}
		a.FetchingAt = now
		return nil
	case Collecting:
		return errs.New(errs.Conflict, "the archive is not ready yet")
	case Fetched:
		return errs.New(errs.Conflict, "the archive was fetched already; ask for another one")
	}
	return errs.New(errs.NotFound, "there is no archive; ask for one first")
}

// end marks the archive as handed out, by the request that began with this one. It fails with errs.Conflict if another one has begun since.
func (a *Archive) end(begun Archive, now time.Time) error {
	if a.ID != begun.ID || !a.FetchingAt.Equal(begun.FetchingAt) || a.State(now) != Ready {
		return errs.New(errs.Conflict, "another request fetches the archive")
	}
	a.FetchedAt = now
	return nil
}
