// Package providers sends notices as mails through an output binding. Its component decides whether mails become files or
// go to a mail server.
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

// MailBinding is the name of the output binding component.
const MailBinding = "mail"

// MailForm is what a binding takes as the body of a mail.
type MailForm int

const (
	// HTMLPage is the text of the mail as HTML. Dapr's mail bindings take it (SMTP, SES, SendGrid, Postmark), with addresses
	// and subject as metadata, and write the message themselves.
	HTMLPage MailForm = iota
	// WholeMessage is the mail with all its headers, as text and HTML, for a file.
	WholeMessage
)

// MailFormFor returns the form that a binding component of this type takes, so that the YAML alone decides about mails.
func MailFormFor(componentType string) MailForm {
	if componentType == "bindings.localstorage" {
		return WholeMessage
	}
	return HTMLPage
}

// Outbox calls an output binding; the sidecar does.
type Outbox interface {
	Send(ctx context.Context, binding string, data []byte, meta map[string]string) error
}

// Mailer implements domain.Mail.
type Mailer struct {
	outbox Outbox
	from   mail.Address
	form   MailForm
	text   *texttemplate.Template
	html   *htmltemplate.Template
	turn   chan struct{}
}

// NewMailer returns a mailer with this sender, for a binding that takes this form.
func NewMailer(outbox Outbox, from mail.Address, form MailForm) (*Mailer, error) {
	text, err := texttemplate.ParseFS(files, "templates/notice.txt")
	if err != nil {
		return nil, err
	}
	html, err := htmltemplate.ParseFS(files, "templates/notice.html")
	if err != nil {
		return nil, err
	}
	return &Mailer{outbox: outbox, from: from, form: form, text: text, html: html, turn: make(chan struct{}, 1)}, nil
}

// Send implements domain.Mail: errs.Invalid if the mail server says that the address does not exist. Where mails are files,
// a second copy of a notice replaces the first, because the name of the file follows from the notice.
func (m *Mailer) Send(ctx context.Context, n domain.Notice) error {
	if strings.Contains(n.To.Address, ";") {
		return errs.New(errs.Invalid, "a mail binding reads %q as several addresses", n.To.Address)
	}
	body, err := m.body(n)
	if err != nil {
		return err
	}
	err = m.hand(ctx, body, map[string]string{
		"fileName": n.ID() + ".eml", "emailFrom": m.from.String(), "emailTo": n.To.Address, "subject": n.Subject,
	})
	if err != nil {
		return refused(err, n)
	}
	// Where mails are files, only the log shows that one was sent twice.
	observability.Log(ctx).Info().Str("mail", n.ID()).Msg("mail sent")
	return nil
}

func (m *Mailer) body(n domain.Notice) ([]byte, error) {
	var text, html bytes.Buffer
	if err := m.html.Execute(&html, n); err != nil || m.form == HTMLPage {
		return html.Bytes(), err
	}
	if err := m.text.Execute(&text, n); err != nil {
		return nil, err
	}
	return message{
		From: m.from, To: n.To, Subject: n.Subject, ID: n.ID(), Date: n.At, Text: text.Bytes(), HTML: html.Bytes(),
	}.encode()
}

// hand gives one mail at a time to the sidecar. Requests to its SMTP binding share the addresses and the subject
// (components-contrib 1.18.3, bindings/smtp, mergeWithRequestMetadata): of two at the same time, one may go to the recipient
// of the other. To send more mails, run more replicas.
func (m *Mailer) hand(ctx context.Context, body []byte, meta map[string]string) error {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
		return m.outbox.Send(ctx, MailBinding, body, meta)
	case <-ctx.Done():
		return errs.Wrap(errs.Unavailable, ctx.Err(), "other mails are still being sent")
	}
}

// noSuchAddress matches the answer of a mail server that only the address is wrong, for good (RFC 3463, section 3.2). Other
// permanent errors, such as our own wrong password, can be fixed by the operator.
var noSuchAddress = regexp.MustCompile(`\b5\d\d[ -]"?5\.1\.(1|2|3|6|10)\b`)

// refused makes an error errs.Invalid if the address does not exist. Any other is an outage, and is retried.
func refused(err error, n domain.Notice) error {
	if noSuchAddress.MatchString(err.Error()) {
		return errs.Wrap(errs.Invalid, err, "the mail server says that %s does not exist", n.To.Address)
	}
	return err
}
