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

// MailBinding is the name of the output binding component.
const MailBinding = "mail"

// MailForm is the form in which a binding takes a mail.
type MailForm int

const (
	// HTMLPage is the text alone, as HTML. Dapr's mail bindings (SMTP, SES, SendGrid, Postmark) take addresses and subject as
	// metadata, and write the headers themselves.
	HTMLPage MailForm = iota
	// WholeMessage is the mail with all headers, as plain text and as HTML, for a file.
	WholeMessage
)

// MailFormFor returns the form that a component of this type takes. No setting of ours repeats what the YAML says.
func MailFormFor(componentType string) MailForm {
	if componentType == "bindings.localstorage" {
		return WholeMessage
	}
	return HTMLPage
}

// Outbox calls an output binding. The sidecar implements it.
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
	slot   chan struct{} // full while a mail is being sent
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
	return &Mailer{outbox: outbox, from: from, form: form, text: text, html: html, slot: make(chan struct{}, 1)}, nil
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
