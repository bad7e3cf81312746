package domain

import (
	"math"
	"testing"
	"time"

	"stoa/pkg/common/errs"
)

// fieldsOf returns the names of the fields that an error is about.
func fieldsOf(err error) string {
	names := ""
	if err != nil {
		for _, f := range errs.From(err).Fields {
			names += f.Name + " "
		}
	}
	return names
}

func wantedLines(n int) []Wanted {
	lines := make([]Wanted, n)
	for i := range lines {
		lines[i] = Wanted{ProductID: string(rune('a' + i)), Quantity: 1}
	}
	return lines
}

func TestCheckWanted_namesEachBadLine(t *testing.T) {
	tests := map[string]struct {
		lines []Wanted
		want  string
	}{
		"one line":         {wantedLines(1), ""},
		"100 lines":        {wantedLines(100), ""},
		"101 lines":        {wantedLines(101), "items "},
		"none":             {nil, "items "},
		"the most of one":  {[]Wanted{{ProductID: "a", Quantity: 1000}}, ""},
		"too many of one":  {[]Wanted{{ProductID: "a", Quantity: 1}, {ProductID: "b", Quantity: 1001}}, "items[1].quantity "},
		"none of one":      {[]Wanted{{ProductID: "a", Quantity: 0}}, "items[0].quantity "},
		"negative":         {[]Wanted{{ProductID: "a", Quantity: -1}}, "items[0].quantity "},
		"a product twice":  {[]Wanted{{ProductID: "a", Quantity: 1}, {ProductID: "b", Quantity: 1}, {ProductID: "a", Quantity: 2}}, "items[2].productId "},
		"several mistakes": {[]Wanted{{ProductID: "a", Quantity: 0}, {ProductID: "a", Quantity: -1}}, "items[0].quantity items[1].quantity items[1].productId "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := CheckWanted(tt.lines)
			if got := fieldsOf(err); got != tt.want || (err == nil) != (tt.want == "") {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

func TestNew_addsUp(t *testing.T) {
	line := func(amount, quantity int64, currency string) Line {
		return Line{ProductID: "p", Quantity: quantity, UnitPrice: Money{Amount: amount, Currency: currency}}
	}
	tests := map[string]struct {
		lines []Line
		total Money
		wrong string
	}{
		"one":                  {[]Line{line(250, 2, "EUR")}, Money{500, "EUR"}, ""},
		"several":              {[]Line{line(250, 2, "EUR"), line(1, 3, "EUR")}, Money{503, "EUR"}, ""},
		"free of charge":       {[]Line{line(0, 5, "EUR")}, Money{0, "EUR"}, ""},
		"the largest total":    {[]Line{line(math.MaxInt64, 1, "EUR")}, Money{math.MaxInt64, "EUR"}, ""},
		"a line is too large":  {[]Line{line(math.MaxInt64/2+1, 2, "EUR")}, Money{}, "items[0].quantity "},
		"the sum is too large": {[]Line{line(math.MaxInt64, 1, "EUR"), line(1, 1, "EUR")}, Money{}, "items[1].quantity "},
		"two currencies":       {[]Line{line(1, 1, "EUR"), line(1, 1, "USD")}, Money{}, "items[1].productId "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			order, err := New("id", Customer{}, tt.lines, time.Now())
			if got := fieldsOf(err); got != tt.wrong || (err == nil) != (tt.wrong == "") {
				t.Fatalf("got %q (%v), want %q", got, err, tt.wrong)
			}
			if tt.wrong == "" && (order.Total != tt.total || order.Status != Pending) {
				t.Errorf("got %s, %+v, want pending, %+v", order.Status, order.Total, tt.total)
			}
		})
	}
}

func TestOrder_isReservedByItsLines(t *testing.T) {
	order := Order{Status: Pending, Items: []Line{{ProductID: "a", Quantity: 1}, {ProductID: "b", Quantity: 2}}}
	tests := map[string]struct {
		lines []Wanted
		want  Status
	}{
		"its lines":            {[]Wanted{{ProductID: "a", Quantity: 1}, {ProductID: "b", Quantity: 2}}, Confirmed},
		"in another sequence":  {[]Wanted{{ProductID: "b", Quantity: 2}, {ProductID: "a", Quantity: 1}}, Confirmed},
		"one is missing":       {[]Wanted{{ProductID: "a", Quantity: 1}}, Rejected},
		"one more":             {[]Wanted{{ProductID: "a", Quantity: 1}, {ProductID: "b", Quantity: 2}, {ProductID: "c", Quantity: 1}}, Rejected},
		"another quantity":     {[]Wanted{{ProductID: "a", Quantity: 1}, {ProductID: "b", Quantity: 1}}, Rejected},
		"one twice, one never": {[]Wanted{{ProductID: "a", Quantity: 1}, {ProductID: "a", Quantity: 1}}, Rejected},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			decided := order
			decided.Reserve(tt.lines, time.Now())
			if decided.Status != tt.want {
				t.Errorf("got %s, want %s", decided.Status, tt.want)
			}
		})
	}
}
