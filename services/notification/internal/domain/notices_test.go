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
		"no address":      {ID: "1", Customer: domain.Customer{Name: "Ada"}},
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
	at := time.Now()
	for name, account := range map[string]domain.Account{
		"no address":          {ID: "1", At: at, Name: "Ada"},
		"broken address":      {ID: "1", At: at, Email: "a@b\r\nBcc: c@d"},
		"two addresses":       {ID: "1", At: at, Email: `"a;b"@c.d`},
		"no account":          {At: at, Email: "a@b.c"},
		"no time":             {ID: "1", Email: "a@b.c"},
		"account with a path": {ID: "../1", At: at, Email: "a@b.c"},
	} {
		if _, err := domain.AccountNotice(domain.PasswordChanged, account); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: got %v, want invalid", name, err)
		}
	}
}

func TestNotice_keepsWordsOnOneLine(t *testing.T) {
	notice := must.Get(domain.OrderNotice(domain.OrderRejected, domain.Order{
		ID: "1", Reason: "sold out.\r\nBcc: x@y.z", Items: []domain.Line{{Name: "Mug\nTotal: 0.00 EUR"}},
		Customer: domain.Customer{Email: "a@b.c", Name: "Eve\r\nSubject hello"},
	}))(t)
	low := must.Get(domain.LowStockNotice(domain.LowStock{Name: "Mug\r\nX: 1", SKU: "M\n1"}, "e", time.Now(), mail.Address{}))(t)
	welcome := must.Get(domain.AccountNotice(domain.AccountRegistered, account("Eve\r\nBcc x")))(t)
	for _, text := range []string{welcome.To.Name, notice.To.Name, notice.Opening, notice.Order.Items[0].Name, low.Subject, low.Opening} {
		if strings.ContainsAny(text, "\r\n") {
			t.Errorf("%q has more than one line", text)
		}
	}
}

// Anybody may sign up with the address of a stranger, who then gets mails that begin with the name.
func TestNames_areThoseOfPeople(t *testing.T) {
	for name, want := range map[string]string{
		"Ada Lovelace":               "Ada Lovelace",
		"  Chloé\tO'Brien-Łuczak ":   "Chloé O'Brien-Łuczak",
		"J.R.R. Tolkien":             "J.R.R. Tolkien",
		"Dr. 李 小龙":                   "Dr. 李 小龙",
		"Ada\u202eevil\u200b\u200b":  "Adaevil",
		"\u200b\u200b":               "",
		"pay at https://example.com": "",
		"your parcel: example.com":   "",
		"see www example com":        "",
		"Ada <a@example.com>":        "",
		"YOU WON! CALL NOW":          "",
		strings.Repeat("Ada ", 20):   "",
	} {
		notice := must.Get(domain.AccountNotice(domain.AccountRegistered, account(name)))(t)
		if notice.To.Name != want {
			t.Errorf("%q: got %q, want %q", name, notice.To.Name, want)
		}
	}
}

func account(name string) domain.Account {
	return domain.Account{ID: "1", Email: "a@b.c", Name: name, At: time.Now(), Verified: true}
}
