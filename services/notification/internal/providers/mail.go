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
	"strings"
	texttemplate "text/template"

	"stoa/pkg/common/errs"
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

// Outbox calls an output binding. The sidecar implements it.
type Outbox interface {
	Send(ctx context.Context, binding string, data []byte, meta map[string]string) error
}

// Mailer implements domain.Mail.
type Mailer struct {
	outbox  Outbox
	from    mail.Address
	binding string        // its type
	slot    chan struct{} // full while a mail is being sent
}

// NewMailer returns a mailer with this sender, for a binding of this type. No setting of ours repeats what the YAML says.
func NewMailer(outbox Outbox, from mail.Address, bindingType string) *Mailer {
	return &Mailer{outbox: outbox, from: from, binding: bindingType, slot: make(chan struct{}, 1)}
}

// Send implements domain.Mail. It fails with errs.Invalid if the mail server says that the address does not exist. A second
// copy of a notice replaces the file of the first, because the notice's id is the name of the file.
func (m *Mailer) Send(ctx context.Context, n domain.Notice) error {
	if strings.Contains(n.To.Address, ";") {
		return errs.New(errs.Invalid, "a mail binding reads %q as several addresses", n.To.Address)
	}
	body, err := m.body(n)
	if err != nil {
		return err
	}
	err = m.sendAlone(ctx, body, map[string]string{
		"fileName": n.ID() + ".eml", "emailFrom": m.from.String(), "emailTo": n.To.Address, "subject": n.Subject,
	})
	if err != nil {
		return sendError(err, n)
	}
	// A file does not show that a mail was sent twice. The log does.
	observability.Log(ctx).Info().Str("mail", n.ID()).Msg("mail sent")
	return nil
}

func (m *Mailer) body(n domain.Notice) ([]byte, error) {
	var text, html bytes.Buffer
	if err := noticeHTML.Execute(&html, n); err != nil || m.binding != FileBinding {
		return html.Bytes(), err
	}
	if err := noticeText.Execute(&text, n); err != nil {
		return nil, err
	}
	return message{
		From: m.from, To: n.To, Subject: n.Subject, ID: n.ID(), Date: n.At, Text: text.Bytes(), HTML: html.Bytes(),
	}.encode()
}

// sendAlone sends one mail at a time. Requests to Dapr's SMTP binding share the variables for addresses and subject, so one
// of two mails at the same time may go to the other's recipient (components-contrib 1.18.3, bindings/smtp,
// mergeWithRequestMetadata). To send more mails, run more replicas.
func (m *Mailer) sendAlone(ctx context.Context, body []byte, meta map[string]string) error {
	select {
	case m.slot <- struct{}{}:
		defer func() { <-m.slot }()
		return m.outbox.Send(ctx, MailBinding, body, meta)
	case <-ctx.Done():
		return errs.Wrap(errs.Unavailable, ctx.Err(), "other mails are still being sent")
	}
}

// noSuchAddress matches a mail server's answer that the address itself is wrong and stays wrong (RFC 3463, section 3.2).
// The operator can correct the causes of other permanent errors, such as a wrong password.
var noSuchAddress = regexp.MustCompile(`\b5\d\d[ -]"?5\.1\.(1|2|3|6|10)\b`)

// sendError makes the error errs.Invalid if the address does not exist. Every other error is retried.
func sendError(err error, n domain.Notice) error {
	if noSuchAddress.MatchString(err.Error()) {
		return errs.Wrap(errs.Invalid, err, "the mail server says that %s does not exist", n.To.Address)
	}
	return err
}
