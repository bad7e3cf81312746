package providers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stoa/internal/golden"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/services/notification/internal/domain"
)

// outbox keeps the last mail, and may be slow or fail.
type outbox struct {
	data      []byte
	meta      map[string]string
	err       error
	takes     time.Duration
	now, most atomic.Int32 // how many senders it has at once
}

func (o *outbox) Send(_ context.Context, _ string, data []byte, meta map[string]string) error {
	o.most.Store(max(o.most.Load(), o.now.Add(1)))
	defer o.now.Add(-1)
	time.Sleep(o.takes)
	o.data, o.meta = data, meta
	return o.err
}

const smtp = "bindings.smtp"

func order(name string) domain.Order {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	eur := func(amount int64) domain.Money { return domain.Money{Amount: amount, Currency: "EUR"} }
	return domain.Order{
		ID: "0198c6a0-0000-7000-8000-000000000001", Status: "confirmed", CreatedAt: at, UpdatedAt: at, Total: eur(3195),
		Customer: domain.Customer{ID: "0198c6a0-0000-7000-8000-000000000002", Email: "chloe@example.com", Name: name},
		Items: []domain.Line{
			{ProductID: "p1", SKU: "AMP-1", Name: "Amphora <large>", Quantity: 2, UnitPrice: eur(1250)},
			{ProductID: "p2", SKU: "TEE-1", Name: "Grüner Tee", Quantity: 1, UnitPrice: eur(695)},
		},
	}
}

func account(name, reason string) domain.Account {
	return domain.Account{
		ID: "0198c6a0-0000-7000-8000-000000000002", Email: "chloe@example.com", Name: name, Reason: reason, Verified: true,
		At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

// fixedLinks are links that are the same in every run.
type fixedLinks struct{ domain.Links }

func (fixedLinks) Make(e domain.Ending, _ time.Time) string {
	if e.Group == "" {
		return ""
	}
	return "https://stoa.example/mail/unsubscribe?code=" + string(e.Group)
}

// newMailer returns a mailer for a binding of this type.
func newMailer(to *outbox, bindingType string) *Mailer {
	return NewMailer(to, fixedLinks{}, mail.Address{Name: "Stoa", Address: "shop@stoa.local"}, bindingType, 0)
}

// send mails a notice as a whole message and returns what went to the binding.
func send(t *testing.T, n domain.Notice) *outbox {
	t.Helper()
	sent := &outbox{}
	must.Do(t, newMailer(sent, FileBinding).Send(t.Context(), n))
	return sent
}

func TestMail_matchesTheSamples(t *testing.T) {
	notices := map[string]domain.Notice{}
	for _, kind := range []domain.Kind{
		domain.OrderConfirmed, domain.OrderRejected, domain.OrderCancelled, domain.OrderShipped, domain.OrderDelivered,
	} {
		o := order("Chloé")
		if kind == domain.OrderRejected {
			o.Reason = "not enough stock of AMP-1"
		}
		notices[string(kind)] = must.Get(domain.OrderNotice(kind, o))(t)
	}
	notices["stock-low"] = must.Get(domain.LowStockNotice(
		domain.LowStock{ProductID: "p1", SKU: "AMP-1", Name: "Amphora", Available: 3, Threshold: 5},
		"0198c6a0-0000-5000-8000-000000000003", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		mail.Address{Address: "staff@stoa.local"}))(t)
	for name, reason := range map[string]string{
		"account-registered": "", "account-verified": "", "account-password-changed": "", "account-sessions-revoked": "by_owner",
		"account-sessions-revoked-token-reused": "refresh_token_reused",
	} {
		kind := domain.Kind(strings.TrimSuffix(name, "-token-reused"))
		notices[name] = must.Get(domain.AccountNotice(kind, account("Chloé", reason)))(t)
	}
	asked := account("Chloé", "")
	asked.Code, asked.ExpiresAt = "4F7KQ2ZN", asked.At.Add(24*time.Hour)
	notices["account-code"] = must.Get(domain.CodeNotice(asked))(t)
	notices["account-password-link"] = passwordLink(t)
	addBlog(t, notices)
	for name, notice := range notices {
		t.Run(name, func(t *testing.T) {
			sent := send(t, notice)
			golden.Check(t, "services/notification/internal/providers/testdata/"+name+".eml", sent.data)
			if want := notice.ID() + ".eml"; sent.meta["fileName"] != want || sent.meta["emailTo"] != notice.To.Address {
				t.Errorf("got metadata %v", sent.meta)
			}
		})
	}
}

func TestMail_isReadByMailPrograms(t *testing.T) {
	notice := must.Get(domain.OrderNotice(domain.OrderConfirmed, order("Chloé & Co")))(t)
	read := must.Get(mail.ReadMessage(bytes.NewReader(send(t, notice).data)))(t)
	to, err := read.Header.AddressList("To")
	if err != nil || to[0].Name != "Chloé & Co" || to[0].Address != "chloe@example.com" {
		t.Errorf("To: got %v, %v", to, err)
	}
	if _, err := read.Header.Date(); err != nil {
		t.Errorf("Date: %v", err)
	}
	text, html := parts(t, read)
	if !strings.Contains(text, "Hello Chloé & Co,") || !strings.Contains(text, "Total: 31.95 EUR") {
		t.Errorf("text: %s", text)
	}
	if !strings.Contains(html, "Amphora &lt;large&gt;") {
		t.Errorf("names must not become HTML: %s", html)
	}
}

func TestMail_getsNoHeadersFromNames(t *testing.T) {
	notice := domain.Notice{
		Kind: domain.OrderConfirmed, About: "1", Subject: "Hello\r\nBcc: everybody@example.com",
		To: mail.Address{Name: "Eve\r\nBcc: everybody@example.com", Address: "eve@example.com"},
	}
	read := must.Get(mail.ReadMessage(bytes.NewReader(send(t, notice).data)))(t)
	if got := read.Header.Get("Bcc"); got != "" {
		t.Errorf("a header was injected: %q", got)
	}
}

// A mail binding gets only the page and writes the headers itself.
func TestMail_isAPageForAMailBinding(t *testing.T) {
	notice := must.Get(domain.OrderNotice(domain.OrderConfirmed, order("Chloé & Co")))(t)
	sent := &outbox{}
	must.Do(t, newMailer(sent, smtp).Send(t.Context(), notice))
	page := string(sent.data)
	if !strings.HasPrefix(page, "<!DOCTYPE html>") || !strings.Contains(page, "Hello Chloé &amp; Co,") {
		t.Errorf("got %s", page)
	}
	for name, want := range map[string]string{
		"emailFrom": `"Stoa" <shop@stoa.local>`, "emailTo": "chloe@example.com", "subject": "Your order is confirmed",
	} {
		if sent.meta[name] != want {
			t.Errorf("%s: got %q, want %q", name, sent.meta[name], want)
		}
	}
}

// What these texts are was tried with a mail server behind a sidecar, see test/e2e.
func TestMail_isRefusedByRepliesToItAlone(t *testing.T) {
	for text, want := range map[string]string{
		"gomail: could not send email 1: 550 5.1.1 no such user":                            "550 5.1.1 no such user",
		"gomail: could not send email 1: 550 No such user here":                             "550 No such user here",
		"gomail: could not send email 1: 552 5.2.2 the mailbox is full":                     "552 5.2.2 the mailbox is full",
		"gomail: could not send email 1: 554 5.7.1 <a@b>: Relay access denied":              "554 5.7.1 <(address)>: Relay access denied",
		"gomail: could not send email 1: 450 4.2.0 Greylisted\ncome back later":             "450 4.2.0 Greylisted",
		"gomail: could not send email 1: 454 4.7.1 <a@b>: Relay access denied":              "454 4.7.1 <(address)>: Relay access denied",
		"gomail: could not send email 1: 550 " + strings.Repeat("x", 300):                   "550 " + strings.Repeat("x", 196),
		"gomail: could not send email 1: 421 4.3.2 going down":                              "",
		"gomail: could not send email 1: 530 5.7.0 Must issue a STARTTLS command first":     "",
		"gomail: could not send email 1: EOF":                                               "",
		"error from smtp binding, sending email failed: 535 5.7.8 authentication failed":    "",
		"error from smtp binding, sending email failed: 454 4.7.0 temporary authentication": "",
		"error from smtp binding, sending email failed: 421 4.7.0 too many connections":     "",
		"dial tcp 127.0.0.1:25: connect: connection refused":                                "",
		"context deadline exceeded":                                                         "",
		"open .stoa/mail/order-confirmed-550 5.1.1.eml: no space left on device":            "",
	} {
		broken := &outbox{err: errs.Wrap(errs.Unavailable, errors.New(text), "the binding mail does not answer")}
		err := newMailer(broken, smtp).Send(t.Context(), domain.Notice{To: mail.Address{Address: "a@b"}})
		var refusal *domain.Refusal
		if refused := errors.As(err, &refusal); refused != (want != "") || refused && refusal.Reply != want {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestMail_isSentOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &outbox{takes: time.Second}
		mailer := newMailer(slow, smtp)
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		var late atomic.Int32
		for range 5 {
			all.Go(func() {
				if err := mailer.Send(ctx, domain.Notice{To: mail.Address{Address: "a@b"}}); errs.Is(err, errs.Unavailable) {
					late.Add(1)
				}
			})
		}
		all.Wait()
		if slow.most.Load() != 1 || late.Load() != 1 {
			t.Errorf("%d mails at once, %d callers gave up waiting", slow.most.Load(), late.Load())
		}
	})
}

// A stranger who signs up as bob+0, bob+1, ... does not fill the mailbox of bob.
func TestMail_countsSubAddressesAsOneMailbox(t *testing.T) {
	const hourly = 6
	for name, tt := range map[string]struct {
		kind domain.Kind
		want int
	}{
		"codes":   {domain.CodeRequested, hourlyCodes},
		"links":   {domain.PasswordLink, hourlyLinks},
		"posts":   {domain.CommentAdded, hourly / 2},
		"notices": {domain.OrderConfirmed, hourly},
	} {
		synctest.Test(t, func(t *testing.T) {
			mailer := NewMailer(&outbox{}, fixedLinks{}, mail.Address{Address: "shop@stoa.local"}, smtp, hourly)
			mails := func(kind domain.Kind) (sent int) {
				for n := range 10 {
					to := mail.Address{Address: fmt.Sprintf("Bob+%d@victim.example", n)}
					err := mailer.Send(t.Context(), domain.Notice{Kind: kind, About: fmt.Sprint(n), To: to})
					tooMany, refused := errors.AsType[*domain.TooMany](err)
					if !refused {
						sent++
					} else if wait := time.Until(tooMany.Until); wait != time.Hour {
						t.Errorf("%s: the next may be sent in %s", name, wait)
					}
				}
				return sent
			}
			if got := mails(tt.kind); got != tt.want {
				t.Errorf("%s: %d mails in an hour, want %d", name, got, tt.want)
			}
			if got := mails(domain.OrderConfirmed); got != hourly-tt.want {
				t.Errorf("%s: %d notices more, want %d", name, got, hourly-tt.want)
			}
			time.Sleep(time.Hour)
			if got := mails(tt.kind); got != tt.want {
				t.Errorf("%s: %d mails in the next hour, want %d", name, got, tt.want)
			}
		})
	}
}

// parts returns the text and the HTML of a mail.
func parts(t *testing.T, read *mail.Message) (text, html string) {
	t.Helper()
	_, parameters, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	must.Do(t, err)
	reader := multipart.NewReader(read.Body, parameters["boundary"])
	var bodies [2]string
	for i := range bodies {
		part := must.Get(reader.NextRawPart())(t)
		bodies[i] = string(must.Get(io.ReadAll(quotedprintable.NewReader(part)))(t))
	}
	if _, err := reader.NextRawPart(); err != io.EOF {
		t.Errorf("a third part: %v", err)
	}
	return bodies[0], bodies[1]
}
