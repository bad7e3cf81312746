package domain

import (
	"strconv"
	"strings"
	"time"

	"stoa/pkg/common/errs"
)

// Act is something that an author or an editor did with a post.
type Act string

// The acts.
const (
	Submit    Act = "submitted"
	Withdraw  Act = "withdrawn"
	Publish   Act = "published"
	Schedule  Act = "scheduled"
	Refuse    Act = "refused"
	Unpublish Act = "unpublished"
	Restore   Act = "restored"
	Delete    Act = "deleted"
)

// maxHistory is how many steps a post remembers.
const maxHistory = 50

// Step is one entry of the history of a post: who did what, when, and why.
type Step struct {
	Act Act `json:"act"`
	// By is the id of the account.
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Note string    `json:"note,omitempty"`
	// Revision is the one that the act was about.
	Revision int64 `json:"revision,omitempty"`
	// From is the version of the post that the act was decided on.
	From int64 `json:"from"`
}

// Intent is what someone asks for.
type Intent struct {
	// By is the id of the account that asks.
	By string
	// IfVersion is the version of the post that the request is about, 0 for any.
	IfVersion int64
	Note      string
	Now       time.Time
}

// check fails with errs.Outdated if the post has changed since the caller read it.
func (i Intent) check(p *Post) error {
	if i.IfVersion == 0 || i.IfVersion == p.Version {
		return nil
	}
	e := errs.New(errs.Outdated, "this post has changed since you read it: it has version %d since %s",
		p.Version, p.UpdatedAt.Format(time.RFC3339))
	e.Fields = []errs.Field{{Name: "If-Match", Problem: "must be " + ETag(p.Version) + ", the current version"}}
	return e
}

// record adds a step to the history.
func (p *Post) record(act Act, intent Intent, revision int64) {
	p.History = append(p.History[max(0, len(p.History)+1-maxHistory):], Step{
		Act: act, By: intent.By, At: intent.Now, Note: intent.Note, Revision: revision, From: p.Version,
	})
}

// last returns the latest step, the zero Step if there is none.
func (p *Post) last() Step {
	if len(p.History) == 0 {
		return Step{}
	}
	return p.History[len(p.History)-1]
}

// did reports whether this act was the latest step: the request has come before, and its answer may have been lost.
func (p *Post) did(act Act, intent Intent) bool {
	last := p.last()
	return last.Act == act && last.By == intent.By &&
		(intent.IfVersion == 0 || intent.IfVersion == last.From || intent.IfVersion == p.Version)
}

// Refusal returns the step by which an editor refused what the author submitted last, nil if none did.
func (p *Post) Refusal() *Step {
	for i := len(p.History) - 1; i >= 0; i-- {
		switch step := p.History[i]; step.Act {
		case Refuse:
			return &step
		case Submit, Publish:
			return nil
		}
	}
	return nil
}

// ETag returns the entity tag of a version of a post.
func ETag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// VersionOf returns the version of an entity tag that ETag made, 0 for none, and one that no post has for any other text.
func VersionOf(etag string) int64 {
	if etag == "" {
		return 0
	}
	if version, _ := strconv.ParseInt(strings.Trim(etag, `"`), 10, 64); version > 0 {
		return version
	}
	return -1
}
