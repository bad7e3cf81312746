// Package mail writes notices as mails and hands them to the output binding of that name. What is behind the binding,
// files or a mail server, is up to the components.
//
// The body is HTML, and the addresses and the subject go beside it: that is what all of Dapr's mail bindings take (SMTP,
// SES, SendGrid, Postmark), and a file of it is a page that a browser shows.
package mail

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"net/mail"
	"regexp"
	"strings"

	"stoa/pkg/common/errs"
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
	page   *template.Template
	turn   chan struct{}
}

// NewMailer returns a mailer that sends in the name of from.
func NewMailer(outbox Outbox, from mail.Address) (*Mailer, error) {
	page, err := template.ParseFS(files, "templates/notice.html")
	if err != nil {
		return nil, err
	}
	return &Mailer{outbox: outbox, from: from, page: page, turn: make(chan struct{}, 1)}, nil
}

// Send implements domain.Mail: errs.Invalid when the mail server knows for good that there is no such address. The name
// of the file follows from the notice, so that where mails are files a second copy takes the place of the first.
func (m *Mailer) Send(ctx context.Context, n domain.Notice) error {
	if strings.Contains(n.To.Address, ";") {
		return errs.New(errs.Invalid, "%q would be several addresses to a mail binding", n.To.Address)
	}
	var page bytes.Buffer
	if err := m.page.Execute(&page, n); err != nil {
		return err
	}
	err := m.hand(ctx, page.Bytes(), map[string]string{
		"fileName": n.ID() + ".html", "emailFrom": m.from.String(), "emailTo": n.To.Address, "subject": n.Subject,
	})
	if err != nil {
		return refused(err, n)
	}
	// Where mails are files, nothing else tells that one was sent twice.
	observability.Log(ctx).Info().Str("mail", n.ID()).Msg("mail sent")
	return nil
}

// hand gives one mail at a time to the sidecar. Its SMTP binding keeps addresses and subject in a place that requests
// share (components-contrib 1.18.3, bindings/smtp, mergeWithRequestMetadata): of two at once, one may go to the other's
// recipient. More mails in less time take more replicas.
func (m *Mailer) hand(ctx context.Context, page []byte, meta map[string]string) error {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
		return m.outbox.Send(ctx, binding, page, meta)
	case <-ctx.Done():
		return errs.Wrap(errs.Unavailable, ctx.Err(), "other mails are still being sent")
	}
}

// noSuchAddress is how a mail server says that the address, and nothing else, is wrong and will stay so (RFC 3463,
// section 3.2). Other permanent errors, such as a wrong password of ours, are for the operator to mend.
var noSuchAddress = regexp.MustCompile(`\b5\d\d[ -]5\.1\.(1|2|3|6|10)\b`)

// refused tells an address that does not exist from an outage, which is waited out.
func refused(err error, n domain.Notice) error {
	if noSuchAddress.MatchString(err.Error()) {
		return errs.Wrap(errs.Invalid, err, "the mail server says that %s does not exist", n.To.Address)
	}
	return err
}
