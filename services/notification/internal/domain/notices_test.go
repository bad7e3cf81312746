package domain_test

import (
	"net/mail"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/services/notification/internal/domain"
)

func TestMoney_isWrittenAsPeopleDo(t *testing.T) {
	for want, money := range map[string]domain.Money{
		"12.50 EUR":           {Amount: 1250, Currency: "EUR"},
		"0.05 USD":            {Amount: 5, Currency: "USD"},
		"0.00 EUR":            {Amount: 0, Currency: "EUR"},
		"1250 JPY":            {Amount: 1250, Currency: "JPY"},
		"1.250 KWD":           {Amount: 1250, Currency: "KWD"},
		"10000000000.00 EUR":  {Amount: 1_000_000_000_000, Currency: "EUR"},
		"123456789012.34 CHF": {Amount: 12345678901234, Currency: "CHF"},
	} {
		if got := money.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestOrderNotice_refusesWhatCannotBeSent(t *testing.T) {
	for name, order := range map[string]domain.Order{
		"no address":      {ID: "1"},
		"broken address":  {ID: "1", Customer: domain.Customer{Email: "a@b\r\nBcc: c@d"}},
		"no id":           {Customer: domain.Customer{Email: "a@b.c"}},
		"id with a path":  {ID: "../../etc/passwd", Customer: domain.Customer{Email: "a@b.c"}},
		"id with a break": {ID: "1\r\n", Customer: domain.Customer{Email: "a@b.c"}},
	} {
		if _, err := domain.OrderNotice(domain.OrderConfirmed, order); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: got %v, want invalid", name, err)
		}
	}
}

func TestAccountNotice_refusesWhatCannotBeSent(t *testing.T) {
	for name, tt := range map[string]struct {
		account domain.Account
		event   string
	}{
		"no address":          {domain.Account{ID: "1"}, "e"},
		"broken address":      {domain.Account{ID: "1", Email: "a@b\r\nBcc: c@d"}, "e"},
		"no account":          {domain.Account{Email: "a@b.c"}, "e"},
		"event with a path":   {domain.Account{ID: "1", Email: "a@b.c"}, "../e"},
		"account with a path": {domain.Account{ID: "../1", Email: "a@b.c"}, "e"},
	} {
		if _, err := domain.AccountNotice(domain.PasswordChanged, tt.account, tt.event); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: got %v, want invalid", name, err)
		}
	}
}

func TestNotice_keepsWordsOnOneLine(t *testing.T) {
	notice := must.Get(domain.OrderNotice(domain.OrderRejected, domain.Order{
		ID: "1", Reason: "sold out.\r\nBcc: x@y.z", Items: []domain.Line{{Name: "Mug\nTotal: 0.00 EUR"}},
		Customer: domain.Customer{Email: "a@b.c", Name: "Eve\r\nSubject: hello"},
	}))(t)
	low := must.Get(domain.LowStockNotice(domain.LowStock{Name: "Mug\r\nX: 1", SKU: "M\n1"}, "e", time.Now(), mail.Address{}))(t)
	welcome := must.Get(domain.AccountNotice(domain.AccountRegistered, domain.Account{ID: "1", Email: "a@b.c", Name: "Eve\r\nBcc: x", Verified: true}, "e"))(t)
	for _, text := range []string{welcome.To.Name, notice.To.Name, notice.Opening, notice.Order.Items[0].Name, low.Subject, low.Opening} {
		if strings.ContainsAny(text, "\r\n") {
			t.Errorf("%q has more than one line", text)
		}
	}
}

func TestDelivery_isLeasedByOne(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	leased := domain.Delivery{Status: domain.Leased, LeaseID: "a", LeasedAt: now}
	sent := domain.Delivery{Status: domain.Sent, LeaseID: "a", LeasedAt: now, SentAt: now}
	tests := []struct {
		name     string
		delivery domain.Delivery
		after    time.Duration
		kind     errs.Kind
		lease    string
		status   domain.DeliveryStatus
	}{
		{"not begun", domain.Delivery{}, 0, "", "b", domain.Leased},
		{"another process is sending", leased, 9 * time.Second, errs.Unavailable, "a", domain.Leased},
		{"another process died", leased, 10 * time.Second, "", "b", domain.Leased},
		{"sent", sent, time.Hour, "", "a", domain.Sent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := tt.delivery
			err := d.Lease("b", now.Add(tt.after))
			if errs.KindOf(err) != tt.kind || d.LeaseID != tt.lease || d.Status != tt.status {
				t.Errorf("got %v, %+v", err, d)
			}
		})
	}
	mine, taken, done := leased, leased, sent
	mine.Release("a")
	taken.Release("b")
	done.Release("a")
	if mine.Status != "" || taken != leased || done != sent {
		t.Errorf("only the process with the lease may release it: %+v, %+v, %+v", mine, taken, done)
	}
}
