package text

import (
	"strings"
	"unicode"

	"github.com/google/uuid"
	"github.com/gosimple/slug"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// MaxSlug is the number of letters of the longest slug.
const MaxSlug = 200

// MaxTag is the number of letters of the longest tag.
const MaxTag = 50

// Slug returns the part of an address that a title makes: Latin letters in lower case, digits, and hyphens between words. It
// is "" for a title without a letter or digit, and is never the text of a UUID. The slug of a slug is itself.
func Slug(title string) string {
	if !strings.ContainsFunc(title, spelled) {
		return ""
	}
	made := slug.Make(title)
	if len(made) > MaxSlug {
		cut := strings.LastIndexByte(made[:MaxSlug+1], '-')
		if cut <= 0 {
			cut = MaxSlug
		}
		made = strings.TrimRight(made[:cut], "-_")
	}
	if uuid.Validate(made) == nil {
		return "post-" + made
	}
	return made
}

func spelled(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) }

// Tag returns a tag as it is stored: in upper case, its words joined by hyphens, without punctuation other than that of
// names such as C++, C#, .NET and NODE.JS. It is "" for what has no letter or digit, or is longer than MaxTag letters. The
// tag of a tag is itself.
func Tag(typed string) string {
	if len(typed) > 16*MaxTag {
		return ""
	}
	upper := cases.Upper(language.Und).String(norm.NFKC.String(typed))
	words := strings.FieldsFunc(norm.NFKC.String(upper), func(c rune) bool {
		return !spelled(c) && !unicode.IsMark(c) && !strings.ContainsRune("+#.", c)
	})
	tag := strings.Join(words, "-")
	if len([]rune(tag)) > MaxTag || !strings.ContainsFunc(tag, spelled) {
		return ""
	}
	return tag
}
