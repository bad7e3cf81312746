package domain

import (
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"stoa/pkg/common/ids"
)

// Person is an account that a notice goes to. Without an address, it only appears in the inbox.
type Person struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

// Post is what events tell about a post.
type Post struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Slug     string    `json:"slug"`
	Revision int64     `json:"revision"`
	Author   Person    `json:"author"`
	By       string    `json:"by"`
	Note     string    `json:"note,omitempty"`
	At       time.Time `json:"at"`
}

// Comment is what events tell about a comment.
type Comment struct {
	ID         string    `json:"id"`
	Post       Post      `json:"post"`
	Author     Person    `json:"author"`
	Excerpt    string    `json:"excerpt"`
	At         time.Time `json:"at"`
	Recipients []Person  `json:"recipients"`
}

// Site is where people reach the system, such as "https://stoa.example".
type Site string

// post is the address at which everyone reads a post.
func (s Site) post(slug string) string {
	return strings.TrimRight(string(s), "/") + "/blog/" + url.PathEscape(slug)
}

// SubmittedNotices returns the notices to the editors about a post that waits for them. Those who submitted it know.
func SubmittedNotices(post Post, editors []Person) ([]Notice, error) {
	var notices []Notice
	for _, editor := range editors {
		if editor.ID == post.By {
			continue
		}
		notice, err := postNotice(PostSubmitted, post, editor)
		if err != nil {
			return nil, err
		}
		notice.Subject = "For review: " + quoted(post.Title)
		notice.Opening = fmt.Sprintf("%s submitted %s.", someone(post.Author.Name), quoted(post.Title))
		notice.Stored = fmt.Sprintf("%s waits for an editor.", quoted(post.Title))
		notice.Closing = "Please publish it, or give it back with a note that says what has to change."
		notices = append(notices, notice)
	}
	return notices, nil
}

// PublishedNotice returns the notice to the author of a post that everyone can read from now on.
func PublishedNotice(post Post, site Site) (Notice, error) {
	notice, err := postNotice(PostPublished, post, post.Author)
	notice.Subject = "Your post is published"
	notice.Opening = fmt.Sprintf("Everyone can read %s now.%s", quoted(post.Title), noted(post.Note))
	notice.Link = site.post(post.Slug)
	notice.Closing = "Thank you for writing."
	return notice, err
}

// RefusedNotice returns the notice to the author of a post that an editor has given back.
func RefusedNotice(post Post) (Notice, error) {
	notice, err := postNotice(PostRefused, post, post.Author)
	notice.Subject = "Your post needs changes"
	notice.Opening = fmt.Sprintf("An editor has given %s back to you.%s", quoted(post.Title), noted(post.Note))
	notice.Closing = "You can change it and submit it again."
	return notice, err
}

// postNotice returns a notice without its text. A post may be submitted, refused and published several times: revision and
// time tell the notices apart, because a replayed event has another id.
func postNotice(kind Kind, post Post, to Person) (Notice, error) {
	about := ids.Derive(post.ID, fmt.Sprint(post.Revision), post.At.UTC().Format(time.RFC3339Nano), to.ID)
	return noticeTo(to, Notice{Kind: kind, About: about, PostID: post.ID, At: post.At})
}

// CommentNotices returns the notices about a comment to the author of the post and to those in the thread.
func CommentNotices(comment Comment, site Site) ([]Notice, error) {
	var notices []Notice
	for _, to := range comment.Recipients {
		notice, err := noticeTo(to, Notice{
			Kind: CommentAdded, About: ids.Derive(comment.ID, to.ID), PostID: comment.Post.ID, At: comment.At,
			Subject: "New comment on " + quoted(comment.Post.Title),
			Opening: fmt.Sprintf("%s wrote about %s: %s", someone(comment.Author.Name), quoted(comment.Post.Title), oneLine(comment.Excerpt)),
			Stored:  fmt.Sprintf("There is a new comment on %s: %s", quoted(comment.Post.Title), oneLine(comment.Excerpt)),
			Closing: "You get this mail because the post is yours, or because you commented on it.",
			Link:    site.post(comment.Post.Slug),
		})
		if err != nil {
			return nil, err
		}
		notices = append(notices, notice)
	}
	return notices, nil
}

// noticeTo addresses a notice. It fails with errs.Invalid for a person that nothing can be sent to.
func noticeTo(to Person, notice Notice) (Notice, error) {
	if err := checkID(to.ID); err != nil {
		return Notice{}, err
	}
	notice.UserID, notice.ReaderID, notice.To = to.ID, to.ID, mail.Address{}
	if to.Email == "" {
		return notice, nil
	}
	var err error
	notice.To, err = recipient(to.ID, to.Name, to.Email)
	return notice, err
}

// maxTitle is how many letters of a title a notice shows.
const maxTitle = 100

func quoted(title string) string {
	letters := []rune(oneLine(title))
	if len(letters) > maxTitle {
		letters = append(letters[:maxTitle-1], '…')
	}
	return "“" + string(letters) + "”"
}

func noted(note string) string {
	if note = oneLine(note); note == "" {
		return ""
	}
	return " The note: " + note
}

// someone is a person's name in a sentence.
func someone(name string) string {
	if name = cleanName(name); name == "" {
		return "Someone"
	}
	return name
}
