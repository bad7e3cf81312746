package domain

import (
	"encoding/json"
	"fmt"
	"time"

	"stoa/pkg/common/ids"
)

// Announcement is what events tell followers about a post.
type Announcement struct {
	Post       Post      `json:"post"`
	Author     Person    `json:"author"`
	At         time.Time `json:"at"`
	Recipients []Person  `json:"recipients"`
}

// AnnouncementNotices returns the notices to the followers of a post. Each is kept with an event of its own while its mail waits,
// instead of that of all of them. A follower has one notice of a post, however often the post is announced.
func AnnouncementNotices(e Event, a Announcement, site Site) ([]Notice, error) {
	var notices []Notice
	for _, to := range a.Recipients {
		notice, err := noticeTo(to, Notice{
			Kind: PostAnnounced, About: ids.Derive("followers of", a.Post.ID, to.ID), PostID: a.Post.ID, AuthorID: a.Author.ID,
			At:      e.Time, // the post may have become public long ago, if it was unpublished meanwhile
			Subject: "New post: " + quoted(a.Post.Title),
			Opening: fmt.Sprintf("%s published %s.", someone(a.Author.Name), quoted(a.Post.Title)),
			Stored:  "You follow its author, or one of its tags.",
			Closing: "You get this mail because you follow the author, or a tag of the post.",
			Link:    site.post(a.Post.Slug),
		})
		if err != nil {
			return nil, err
		}
		if len(a.Recipients) > 1 {
			if notice.Event, err = e.forOne(to); err != nil {
				return nil, err
			}
		}
		notices = append(notices, notice)
	}
	return notices, nil
}

// forOne returns the event as if it were for one recipient alone.
func (e Event) forOne(to Person) (*Event, error) {
	var data map[string]json.RawMessage
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return nil, err
	}
	recipients, err := json.Marshal([]Person{to})
	if err != nil {
		return nil, err
	}
	data["recipients"] = recipients
	e.ID = ids.Derive(e.ID, to.ID)
	e.Data, err = json.Marshal(data)
	return &e, err
}
