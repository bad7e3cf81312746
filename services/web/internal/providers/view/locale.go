package view

import (
	"strings"
	"time"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"stoa/services/web/internal/providers/api"
)

// Locale is how a reader writes numbers, money and dates. Texts may be in another language, if there are none in the reader's.
type Locale struct {
	tag   language.Tag
	style style
}

// style is what golang.org/x/text does not know of a locale: the form of dates, and whether the sign of a currency comes first.
type style struct {
	tag       string
	date      string
	signFirst bool
}

// styles are those that there are; the first one is for everybody else.
var styles = []style{
	{"en-GB", "2 Jan 2006", true}, {"en-US", "Jan 2, 2006", true}, {"en", "2 Jan 2006", true},
	{"de", "02.01.2006", false}, {"el", "2/1/2006", false}, {"es", "2/1/2006", false}, {"fr", "02/01/2006", false},
	{"it", "02/01/2006", false}, {"ja", "2006/01/02", true}, {"nl", "02-01-2006", true}, {"pl", "02.01.2006", false},
	{"pt", "02/01/2006", false}, {"sv", "2006-01-02", false}, {"zh", "2006/1/2", true},
}

var matcher = language.NewMatcher(tagsOf(styles))

func tagsOf(styles []style) (tags []language.Tag) {
	for _, s := range styles {
		tags = append(tags, language.MustParse(s.tag))
	}
	return tags
}

// maxLanguages is how much of Accept-Language is read, in bytes: reading it costs more, the longer it is.
const maxLanguages = 200

// LocaleOf returns the locale of a reader, as the header Accept-Language names it.
func LocaleOf(acceptLanguage string) Locale {
	if len(acceptLanguage) > maxLanguages {
		acceptLanguage = acceptLanguage[:strings.LastIndex(acceptLanguage[:maxLanguages], ",")+1]
	}
	wanted, _, _ := language.ParseAcceptLanguage(strings.TrimSuffix(acceptLanguage, ",")) // none if it cannot be read
	tag, index, _ := matcher.Match(wanted...)
	return Locale{tag: tag, style: styles[index]}
}

// Tag is the locale's name for programs, such as "en-GB".
func (l Locale) Tag() string { return l.style.tag }

func (l Locale) printer() *message.Printer { return message.NewPrinter(l.tag) }

func (l Locale) number(n any) string { return l.printer().Sprint(number.Decimal(n)) }

func (l Locale) date(t time.Time) string { return t.UTC().Format(l.style.date) }

// money writes an amount with as many decimals as its currency has.
func (l Locale) money(m api.Money) string {
	unit, err := currency.ParseISO(m.Currency)
	if err != nil { // the catalogue takes any three letters
		unit = currency.XXX
	}
	digits, _ := currency.Standard.Rounding(unit)
	divisor := 1.0
	for range digits {
		divisor *= 10
	}
	amount := l.printer().Sprint(number.Decimal(float64(m.Amount)/divisor, number.Scale(digits)))
	sign := m.Currency
	if err == nil {
		sign = l.printer().Sprint(currency.NarrowSymbol(unit))
	}
	switch {
	case !l.style.signFirst:
		return amount + "\u00a0" + sign
	case len(sign) > 2 && sign == m.Currency:
		return sign + "\u00a0" + amount
	default:
		return sign + amount
	}
}
