package providers

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// message is a mail as plain text and as HTML. The reader's mail program shows one of them.
type message struct {
	From, To mail.Address
	Subject  string
	ID       string
	Date     time.Time
	Text     []byte
	HTML     []byte
	// End is where a mail program ends such mails with one click, "" for nowhere.
	End string
}

// encode returns the message in the format of RFC 5322 and MIME; equal messages give equal bytes. No value can add a header,
// because addresses and subject are encoded unless all characters are plain.
func (m message) encode() ([]byte, error) {
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	if err := parts.SetBoundary("part-" + m.ID); err != nil {
		return nil, fmt.Errorf("mail %s: %w", m.ID, err)
	}
	// The preferred form comes last (RFC 2046, section 5.1.4).
	err := errors.Join(writePart(parts, "text/plain", m.Text), writePart(parts, "text/html", m.HTML), parts.Close())
	if err != nil {
		return nil, fmt.Errorf("mail %s: %w", m.ID, err)
	}
	_, domain, _ := strings.Cut(m.From.Address, "@")
	var raw bytes.Buffer
	headers := [][2]string{
		{"From", m.From.String()},
		{"To", m.To.String()},
		{"Subject", mime.QEncoding.Encode("utf-8", m.Subject)},
		{"Date", m.Date.UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + m.ID + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"}, // so that no automatic reply comes back (RFC 3834)
		{"MIME-Version", "1.0"},
		{"Content-Type", mime.FormatMediaType("multipart/alternative", map[string]string{"boundary": parts.Boundary()})},
	}
	if m.End != "" { // RFC 8058
		headers = append(headers, [2]string{"List-Unsubscribe", "<" + m.End + ">"}, [2]string{"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"})
	}
	for _, header := range headers {
		fmt.Fprintf(&raw, "%s: %s\r\n", header[0], header[1])
	}
	raw.WriteString("\r\n")
	raw.Write(body.Bytes())
	return raw.Bytes(), nil
}

func writePart(parts *multipart.Writer, mediaType string, content []byte) error {
	part, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {mediaType + "; charset=utf-8"},
		"Content-Transfer-Encoding": {"quoted-printable"},
	})
	if err != nil {
		return err
	}
	encoder := quotedprintable.NewWriter(part)
	_, err = encoder.Write(content)
	return errors.Join(err, encoder.Close())
}
