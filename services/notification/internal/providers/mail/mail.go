// Package mail writes notices as mails and hands them to the output binding of that name. What is behind the binding,
// files or a mail server, is up to the components.
package mail

import (
	"bytes"
	"context"
	"embed"
	htmltemplate "html/template"
	"net/mail"
	texttemplate "text/template"

	"stoa/pkg/observability"
	"stoa/services/notification/internal/domain"
)

//go:embed templates
var files embed.FS

// binding is the name of the output binding component.
const binding = "mail"

// Outbox is the sidecar's side of sending.
type Outbox interface {
	Send(ctx context.Context, binding string, data []byte, meta map[string]string) error
}

// Mailer implements domain.Mail.
type Mailer struct {
	outbox Outbox
	from   mail.Address
	text   *texttemplate.Template
	html   *htmltemplate.Template
}

// NewMailer returns a mailer that sends in the name of from.
func NewMailer(outbox Outbox, from mail.Address) (*Mailer, error) {
	text, err := texttemplate.ParseFS(files, "templates/notice.txt")
	if err != nil {
		return nil, err
	}
	html, err := htmltemplate.ParseFS(files, "templates/notice.html")
	if err != nil {
		return nil, err
	}
	return &Mailer{outbox: outbox, from: from, text: text, html: html}, nil
}

// Send implements domain.Mail. The name of the file follows from the notice, so that where mails are files a second copy
// takes the place of the first.
func (m *Mailer) Send(ctx context.Context, n domain.Notice) error {
	var text, html bytes.Buffer
	if err := m.text.Execute(&text, n); err != nil {
		return err
	}
	if err := m.html.Execute(&html, n); err != nil {
		return err
	}
	raw, err := message{
		From: m.from, To: n.To, Subject: n.Subject, ID: n.ID(), Date: n.At, Text: text.Bytes(), HTML: html.Bytes(),
	}.encode()
	if err != nil {
		return err
	}
	err = m.outbox.Send(ctx, binding, raw, map[string]string{
		"fileName": n.ID() + ".eml", "emailFrom": m.from.Address, "emailTo": n.To.Address, "subject": n.Subject,
	})
	if err == nil {
		// Where mails are files, nothing else tells that one was sent twice.
		observability.Log(ctx).Info().Str("mail", n.ID()).Msg("mail sent")
	}
	return err
}
