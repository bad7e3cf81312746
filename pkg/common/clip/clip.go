// Package clip shortens what strangers send before it stands in a log or an answer: otherwise one request could fill both.
package clip

import (
	"fmt"
	"strings"
)

// Max is how many bytes of a text from a stranger are shown.
const Max = 200

// Text returns at most Max bytes of a text, in valid UTF-8. A longer text ends with its length: "xxx... (15000 bytes)".
func Text(text string) string { return To(text, Max) }

// To is Text with another limit, for a text that is partly our own, such as an error with its causes.
func To(text string, limit int) string {
	end := ""
	if len(text) > limit {
		end = fmt.Sprintf("... (%d bytes)", len(text))
		text = text[:max(0, limit-len(end))]
	}
	return strings.ToValidUTF8(text, "?") + end
}
