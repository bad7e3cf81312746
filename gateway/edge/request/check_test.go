package request

import (
	"net/http"
	"testing"

	"stoa/pkg/common/errs"
)

func TestCheckHeaders_refusesDoubledAndBrokenOnes(t *testing.T) {
	for name, tt := range map[string]struct {
		headers http.Header
		want    errs.Kind
	}{
		"none":                    {nil, ""},
		"one of each":             {http.Header{"Authorization": {"Bearer t"}, "X-Api-Key": {"k"}, "Content-Type": {"application/json"}}, ""},
		"two that may be two":     {http.Header{"Accept": {"a", "b"}, "Prefer": {"a", "b"}}, ""},
		"two tokens":              {http.Header{"Authorization": {"Bearer t", "Bearer u"}}, errs.Malformed},
		"two API keys":            {http.Header{"X-Api-Key": {"k", "k"}}, errs.Malformed},
		"two media types":         {http.Header{"Content-Type": {"application/json", "text/plain"}}, errs.Malformed},
		"UTF-8":                   {http.Header{"Idempotency-Key": {"schlüssel"}}, ""},
		"not UTF-8":               {http.Header{"Idempotency-Key": {"\xff"}}, errs.Malformed},
		"not UTF-8 in a key":      {http.Header{"X-Api-Key": {"\xff"}}, errs.Malformed},
		"not UTF-8 in what stays": {http.Header{"Cookie": {"\xff"}}, ""},
		"not UTF-8 in the second": {http.Header{"Accept": {"a", "\xff"}}, errs.Malformed},
	} {
		if got := errs.KindOf(CheckHeaders(tt.headers)); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
