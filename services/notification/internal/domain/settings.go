package domain

import (
	"context"
	"slices"
	"time"
)

// Group is the notices whose mails an account decides about together.
type Group string

// The groups. "" is the group of what is always mailed: orders, and what concerns the account itself.
const (
	// Reviews: what becomes of posts, for those who write or edit them.
	Reviews Group = "reviews"
	// Comments: what others wrote below a post.
	Comments Group = "comments"
	// Following: new posts of an author or with a tag.
	Following Group = "following"
	// InDigests is all that is mailed once a day. It has no setting of its own.
	InDigests Group = "digests"
)

// groups are those with a setting.
var groups = []Group{Reviews, Comments, Following}

// Group returns the group of a kind.
func (k Kind) Group() Group {
	switch k {
	case PostSubmitted, PostPublished, PostRefused:
		return Reviews
	case CommentAdded:
		return Comments
	case PostAnnounced:
		return Following
	case DailyDigest:
		return InDigests
	}
	return ""
}

// Frequency is when something is mailed.
type Frequency string

// The frequencies.
const (
	AtOnce Frequency = "at_once"
	Daily  Frequency = "daily"
	Never  Frequency = "never"
)

// defaults are the frequencies of those who have not decided. Who follows ten tags wants one mail a day.
var defaults = map[Group]Frequency{Reviews: AtOnce, Comments: AtOnce, Following: Daily}

// Settings are what an account has decided about its mails.
type Settings struct {
	// ID is the account.
	ID    string              `json:"id"`
	Mails map[Group]Frequency `json:"mails,omitempty"`
	// Left says that the account was deleted: nothing is mailed to it any more, and it decides nothing.
	Left bool `json:"left,omitempty"`
}

// Of returns when notices of a group are mailed.
func (s Settings) Of(group Group) Frequency {
	if s.Left {
		return Never
	}
	if group == InDigests { // they end with the last group that they have
		if slices.ContainsFunc(groups, func(g Group) bool { return s.Of(g) == Daily }) {
			return AtOnce
		}
		return Never
	}
	if decided := s.Mails[group]; decided != "" {
		return decided
	}
	if usual := defaults[group]; usual != "" {
		return usual
	}
	return AtOnce
}

// wanted returns a notice without what its reader has ended, and reports whether there is something left to mail. A digest has
// what was gathered: to have something mailed at once from now on does not end it.
func (s Settings) wanted(notice Notice) (Notice, bool) {
	if notice.Kind != DailyDigest {
		return notice, s.Of(notice.Kind.Group()) != Never
	}
	notice.Items = slices.DeleteFunc(slices.Clone(notice.Items), func(item Item) bool { return s.Of(item.Group) == Never })
	return notice, len(notice.Items) > 0
}

// set changes when notices of a group are mailed. Those of InDigests are all that are mailed daily.
func (s *Settings) set(group Group, f Frequency) {
	if s.Left {
		return
	}
	changed := map[Group]Frequency{}
	for _, g := range groups {
		if decided := s.Mails[g]; decided != "" {
			changed[g] = decided
		}
		if g == group || group == InDigests && s.Of(g) == Daily {
			changed[g] = f
		}
	}
	s.Mails = changed
}

// SettingsStore stores settings.
type SettingsStore interface {
	// GetEach returns those of these accounts that have decided something, by account. It misses none. GetMany may, and takes
	// one call.
	GetEach(ctx context.Context, accountIDs []string) (map[string]Settings, error)
	GetMany(ctx context.Context, accountIDs []string) (map[string]Settings, error)
	// Upsert changes settings by a pure function, which gets the defaults for a new account.
	Upsert(ctx context.Context, accountID string, change func(*Settings) error) (Settings, error)
}

// Ending names the mails that a link ends.
type Ending struct {
	AccountID string
	Group     Group
}

// EndPath is where the links in mails lead.
const EndPath = "/mail/unsubscribe"

// Links makes and reads the links in mails. Anyone who has one can end these mails, and nothing else.
type Links interface {
	// Make returns the link in a mail about something that happened at this time.
	Make(e Ending, at time.Time) string
	// Read fails with errs.Forbidden for a code that Make has not made, or that is too old.
	Read(code string, now time.Time) (Ending, error)
}

// Choices is what people decide about their mails.
type Choices struct {
	store SettingsStore
	links Links
}

// NewChoices returns the choices in a store.
func NewChoices(store SettingsStore, links Links) *Choices { return &Choices{store, links} }

// Get returns the settings of an account.
func (c *Choices) Get(ctx context.Context, accountID string) (Settings, error) {
	known, err := c.store.GetEach(ctx, []string{accountID})
	settings := known[accountID]
	settings.ID = accountID
	return settings, err
}

// Change changes some settings of an account, and returns all.
func (c *Choices) Change(ctx context.Context, accountID string, mails map[Group]Frequency) (Settings, error) {
	return c.store.Upsert(ctx, accountID, func(s *Settings) error {
		for _, group := range groups {
			if f := mails[group]; f != "" {
				s.set(group, f)
			}
		}
		return nil
	})
}

// Look returns which mails the code of a link ends, and whether they are mailed now. It changes nothing: programs that look for
// malice open links in mails.
func (c *Choices) Look(ctx context.Context, code string) (ending Ending, mailed bool, err error) {
	ending, err = c.links.Read(code, time.Now())
	if err != nil {
		return Ending{}, false, err
	}
	settings, err := c.Get(ctx, ending.AccountID)
	return ending, settings.Of(ending.Group) != Never, err
}

// End ends the mails that the code of a link names. To do it again changes nothing.
func (c *Choices) End(ctx context.Context, code string) (Ending, error) {
	ending, err := c.links.Read(code, time.Now())
	if err != nil {
		return Ending{}, err
	}
	_, err = c.store.Upsert(ctx, ending.AccountID, func(s *Settings) error {
		s.set(ending.Group, Never)
		return nil
	})
	return ending, err
}
