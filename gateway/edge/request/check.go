package request

import (
	"net/http"
	"unicode/utf8"

	"stoa/pkg/common/errs"
)

// single are the headers that may come once at most: of two, each reader on the way could pick another.
var single = []string{"Authorization", "Content-Type", KeyHeader}

// Check refuses what CheckURL and CheckHeaders refuse.
func Check(r *http.Request) error {
	if err := CheckURL(r.URL); err != nil {
		return err
	}
	return CheckHeaders(r.Header)
}

// CheckHeaders refuses headers that others could read in another way than we do, or not at all: a sidecar cannot pass on
// bytes that are not UTF-8, and takes that for an outage. The error is errs.Malformed.
func CheckHeaders(headers http.Header) error {
	for _, name := range single {
		if len(headers[name]) > 1 {
			return errs.New(errs.Malformed, "there is more than one header %s", name)
		}
	}
	for name, values := range headers {
		for _, value := range values {
			if !utf8.ValidString(value) && (name == KeyHeader || Forwards(name)) {
				return errs.New(errs.Malformed, "the header %s is not valid UTF-8", name)
			}
		}
	}
	return nil
}
