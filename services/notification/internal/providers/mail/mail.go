// Package mail writes notices as mails and hands them to the output binding of that name. What is behind the binding,
// files or a mail server, is up to the components.
package mail

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

// Binding is the name of the output binding component.
const Binding = "mail"

// Form is what a binding takes as the body of a mail.
type Form int

const (
	// Page is the mail as HTML. That is what Dapr's mail bindings take (SMTP, SES, SendGrid, Postmark), with addresses and
	// subject beside it: they write the message themselves.
	Page Form = iota
	// Message is the whole mail with all its headers, in text and HTML, for a file.
	Message
)

// FormFor returns the form that a binding component of this type takes, so that the YAML alone decides what becomes of
// a mail.
func FormFor(componentType string) Form {
	if componentType == "bindings.localstorage" {
		return Message
	}
	return Page
}

// Outbox is the sidecar's side of sending.
type Outbox interface {
	Send(ctx context.Context, binding string, data []byte, meta map[string]string) error
}

// Mailer implements domain.Mail.
type Mailer struct {
	outbox Outbox
	from   mail.Address
	form   Form
	text   *texttemplate.Template
	html   *htmltemplate.Template
	turn   chan struct{}
}

// NewMailer returns a mailer that sends in the name of from, to a binding that takes this form.
func NewMailer(outbox Outbox, from mail.Address, form Form) (*Mailer, error) {
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

// Send implements domain.Mail: errs.Invalid when the mail server knows for good that there is no such address. The name
// of the file follows from the notice, so that where mails are files a second copy takes the place of the first.
func (m *Mailer) Send(ctx context.Context, n domain.Notice) error {
	if strings.Contains(n.To.Address, ";") {
		return errs.New(errs.Invalid, "%q would be several addresses to a mail binding", n.To.Address)
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
	// Where mails are files, nothing else tells that one was sent twice.
	observability.Log(ctx).Info().Str("mail", n.ID()).Msg("mail sent")
	return nil
}

func (m *Mailer) body(n domain.Notice) ([]byte, error) {
	var text, html bytes.Buffer
	if err := m.html.Execute(&html, n); err != nil || m.form == Page {
		return html.Bytes(), err
	}
	if err := m.text.Execute(&text, n); err != nil {
		return nil, err
	}
	return message{
		From: m.from, To: n.To, Subject: n.Subject, ID: n.ID(), Date: n.At, Text: text.Bytes(), HTML: html.Bytes(),
	}.encode()
}

// hand gives one mail at a time to the sidecar. Its SMTP binding keeps addresses and subject in a place that requests
// share (components-contrib 1.18.3, bindings/smtp, mergeWithRequestMetadata): of two at once, one may go to the other's
// recipient. More mails in less time take more replicas.
func (m *Mailer) hand(ctx context.Context, body []byte, meta map[string]string) error {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
		return m.outbox.Send(ctx, Binding, body, meta)
	case <-ctx.Done():
		return errs.Wrap(errs.Unavailable, ctx.Err(), "other mails are still being sent")
	}
}

// noSuchAddress is how a mail server says that the address, and nothing else, is wrong and will stay so (RFC 3463,
// section 3.2). Other permanent errors, such as a wrong password of ours, are for the operator to mend.
var noSuchAddress = regexp.MustCompile(`\b5\d\d[ -]"?5\.1\.(1|2|3|6|10)\b`)

// refused tells an address that does not exist from an outage, which is waited out.
func refused(err error, n domain.Notice) error {
	if noSuchAddress.MatchString(err.Error()) {
		return errs.Wrap(errs.Invalid, err, "the mail server says that %s does not exist", n.To.Address)
	}
	return err
}
