// Package providers sends notices as mails through an output binding. The component of the binding decides whether mails
// become files or go to a mail server.
package providers

import (
	"bytes"
	"context"
	"embed"
	htmltemplate "html/template"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/names"
	"stoa/pkg/common/recent"
	"stoa/pkg/observability"
	"stoa/services/notification/internal/domain"
)

//go:embed templates
var files embed.FS

// The forms of a notice.
var (
	noticeText = texttemplate.Must(texttemplate.ParseFS(files, "templates/notice.txt"))
	noticeHTML = htmltemplate.Must(htmltemplate.ParseFS(files, "templates/notice.html"))
)

const (
	// MailBinding is the name of the output binding component.
	MailBinding = "mail"
	// FileBinding is the type of a binding that writes a file. It takes a mail with all headers, as plain text and as HTML. All
	// other types (SMTP, SES, SendGrid, Postmark) take the text alone, as HTML; they take addresses and subject as metadata, and
	// write the headers themselves.
	FileBinding = "bindings.localstorage"
)

const (
	// maxMailboxes is of how many mailboxes a process knows how many mails they got.
	maxMailboxes = 10_000
	// hourlyCodes is how many mails with a code a mailbox gets in an hour: as many as auth makes for one account. Strangers may
	// ask for them.
	hourlyCodes = 4
	// hourlyLinks is the same for mails with a link that sets a password.
	hourlyLinks = 3
	// A mail server that fails only after so long, for two mails one after the other, hangs. The next mails are not sent for a
	// while, so that their events do not wait for it in turn. For one mail alone, it may only punish an address.
	slow, pauseTime = 2 * time.Second, 10 * time.Second
)

// Outbox calls an output binding, for five seconds at most. The sidecar implements it.
type Outbox interface {
	Send(ctx context.Context, binding string, data []byte, meta map[string]string) error
}

// Mailer implements domain.Mail.
type Mailer struct {
	outbox  Outbox
	links   domain.Links
	from    mail.Address
	binding string        // its type
	hourly  int           // how many mails a mailbox gets in an hour; 0 is any number
	blog    chan struct{} // full while a mail about the blog waits for slot: several do at once, and one of orders waits for one of them
	slot    chan struct{} // full while a mail is being sent; it guards the fields below
	sent    *recent.Memory[string, []time.Time]
	became  observability.Outcomes
	hangs   int       // for how many mails one after the other the mail server has hung
	pause   time.Time // until when nothing is sent for that reason
}

// NewMailer returns a mailer with this sender, for a binding of this type. No setting of ours repeats what the YAML says. A
// mailbox gets up to hourly mails in an hour, of which up to four have a code and up to half are about posts and comments, or
// any number if that is 0. Mails that somebody can end have a link for that.
func NewMailer(outbox Outbox, links domain.Links, from mail.Address, bindingType string, hourly int) *Mailer {
	return &Mailer{
		outbox: outbox, links: links, from: from, binding: bindingType, hourly: hourly,
		blog: make(chan struct{}, 1), slot: make(chan struct{}, 1), sent: recent.New[string, []time.Time](maxMailboxes),
		became: observability.NewOutcomes("stoa.mails", "Attempts to send a mail", sent, refused, postponed, failed),
	}
}

// What becomes of an attempt to send a mail.
const (
	sent      = "sent"
	refused   = "refused"   // by the mail server, which takes others
	postponed = "postponed" // because its address got too many lately
	failed    = "failed"    // the mail server takes no mails
)

func outcomeOf(err error) string {
	switch err.(type) { //nolint:errorlint // sendAlone does not wrap them
	case nil:
		return sent
	case *domain.Refusal:
		return refused
	case *domain.TooMany:
		return postponed
	}
	return failed
}

// Send implements domain.Mail. A second copy of a notice replaces the file of the first, because the notice's id is the name
// of the file.
func (m *Mailer) Send(ctx context.Context, n domain.Notice) error {
	body, err := m.body(n)
	if err != nil {
		return err
	}
	err = m.sendAlone(ctx, n.Kind, body, map[string]string{
		"fileName": n.ID() + ".eml", "emailFrom": m.from.String(), "emailTo": n.To.Address, "subject": n.Subject,
	})
	m.became.Add(ctx, outcomeOf(err))
	// A file does not show that a mail was sent twice. The log does.
	message := "mail sent"
	if err != nil {
		message = "mail not sent"
	}
	observability.Log(ctx).Info().Err(err).Str("mail", n.ID()).Msg(message)
	return err
}

// shownNotice is what the forms show. End is the link that ends such mails, "" for those that nobody can end.
type shownNotice struct {
	domain.Notice
	End string
}

func (m *Mailer) body(n domain.Notice) ([]byte, error) {
	shown := shownNotice{Notice: n}
	if n.ReaderID != "" { // every copy of a mail has the same link
		shown.End = m.links.Make(domain.Ending{AccountID: n.ReaderID, Group: n.Kind.Group()}, n.At)
	}
	var text, html bytes.Buffer
	if err := noticeHTML.Execute(&html, shown); err != nil || m.binding != FileBinding {
		return html.Bytes(), err
	}
	if err := noticeText.Execute(&text, shown); err != nil {
		return nil, err
	}
	return message{
		From: m.from, To: n.To, Subject: n.Subject, ID: n.ID(), Date: n.At, Text: text.Bytes(), HTML: html.Bytes(), End: shown.End,
	}.encode()
}

// sendAlone sends one mail at a time, and one about the blog waits for the others of these first. Requests to Dapr's SMTP binding share
// the variables for addresses and subject, so one of two mails at the same time may go to the other's recipient (components-contrib
// 1.18.3, bindings/smtp, mergeWithRequestMetadata). To send more mails, run more replicas.
func (m *Mailer) sendAlone(ctx context.Context, kind domain.Kind, body []byte, meta map[string]string) error {
	slots := []chan struct{}{m.blog, m.slot}
	if !kind.AboutBlog() {
		slots = slots[1:]
	}
	for _, slot := range slots {
		select {
		case slot <- struct{}{}:
			defer func() { <-slot }()
		case <-ctx.Done():
			return errs.Wrap(errs.Unavailable, ctx.Err(), "other mails are still being sent")
		}
	}
	if ctx.Err() != nil { // both were ready
		return errs.Wrap(errs.Unavailable, ctx.Err(), "there is no time left to send it")
	}
	began := time.Now()
	if began.Before(m.pause) {
		return errs.New(errs.Unavailable, "the mail server did not answer lately")
	}
	quotas := m.quotas(kind, names.Mailbox(meta["emailTo"]))
	if until := m.fullUntil(quotas, began); !until.IsZero() {
		return &domain.TooMany{Until: until}
	}
	// The binding sends the mail even if its caller goes away, which then would send it again. Outbox limits the time.
	err := m.outbox.Send(context.WithoutCancel(ctx), MailBinding, body, meta)
	m.watch(err, time.Since(began))
	if err == nil {
		for of := range quotas {
			m.sent.Put(of, append(m.lately(of, began), began))
		}
	} else if reply := replyOf(err); reply != "" {
		return &domain.Refusal{Reply: reply}
	}
	return err
}

// watch pauses if the mail server hangs.
func (m *Mailer) watch(err error, took time.Duration) {
	if err == nil || replyOf(err) != "" || took < slow {
		m.hangs = 0
	} else if m.hangs++; m.hangs > 1 {
		m.pause = time.Now().Add(pauseTime)
	}
}

// quotas are how many mails may be sent in an hour, by what they are counted under: the mailbox, and its codes.
func (m *Mailer) quotas(kind domain.Kind, mailbox string) map[string]int {
	switch {
	case m.hourly == 0:
		return nil
	case kind == domain.CodeRequested:
		return map[string]int{mailbox: m.hourly, "codes for " + mailbox: hourlyCodes}
	case kind == domain.PasswordLink:
		return map[string]int{mailbox: m.hourly, "links for " + mailbox: hourlyLinks}
	case kind.AboutBlog(): // a lively thread leaves half of them to orders
		return map[string]int{mailbox: m.hourly, "posts for " + mailbox: (m.hourly + 1) / 2}
	default:
		return map[string]int{mailbox: m.hourly}
	}
}

// fullUntil returns until when one of these quotas is used up, zero if none is.
func (m *Mailer) fullUntil(quotas map[string]int, now time.Time) (until time.Time) {
	for of, most := range quotas {
		if lately := m.lately(of, now); len(lately) >= most {
			if end := lately[len(lately)-most].Add(time.Hour); end.After(until) {
				until = end
			}
		}
	}
	return until
}

// lately returns when this process sent what is counted under this, in the last hour.
func (m *Mailer) lately(of string, now time.Time) []time.Time {
	sent, _ := m.sent.Get(of)
	return slices.DeleteFunc(slices.Clone(sent), func(at time.Time) bool { return now.Sub(at) >= time.Hour })
}

// replies matches what Dapr's SMTP binding says about the reply of a mail server to MAIL, RCPT or DATA (gomail.v2, send.go). A
// connection that fails, or that cannot be encrypted or authenticated, fails before that, with other words.
var replies = regexp.MustCompile(`gomail: could not send email \d+: (([45]\d\d)[ -].*)`)

// serverReplies concern all mails: the server closes the connection, or asks who is sending.
var serverReplies = []string{"421", "530", "534", "535", "538"}

// maxReply is how much of a reply is kept.
const maxReply = 200

// replyOf returns the reply of a mail server to one mail, or "" if an error concerns the mail server: a binding that writes
// files, or calls an API over HTTP, does not say which mail it refuses.
func replyOf(err error) string {
	reply := replies.FindStringSubmatch(err.Error())
	if reply == nil || slices.Contains(serverReplies, reply[2]) {
		return ""
	}
	text := names.WithoutAddresses(reply[1]) // it is kept
	return strings.ToValidUTF8(text[:min(len(text), maxReply)], "")
}
