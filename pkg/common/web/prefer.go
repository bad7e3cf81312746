package web

import "strings"

// RespondAsync is the preference not to wait for the outcome (RFC 7240, section 4.1).
const RespondAsync = "respond-async"

// PrefersAsync reports whether a Prefer header contains RespondAsync.
func PrefersAsync(header string) bool {
	for preference := range strings.SplitSeq(header, ",") {
		token, _, _ := strings.Cut(preference, ";")
		if strings.EqualFold(strings.TrimSpace(token), RespondAsync) {
			return true
		}
	}
	return false
}
