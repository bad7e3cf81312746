package names_test

import (
	"strings"
	"testing"

	"stoa/pkg/common/names"
)

func TestClean_acceptsNamesOfAllScripts(t *testing.T) {
	for typed, want := range map[string]string{
		"Ada":                         "Ada",
		"  Ada \u00a0 Lovelace\u3000": "Ada Lovelace",
		"Zoe\u0308":                   "Zoë",
		"O'Neil-Şahin, Jr.":           "O'Neil-Şahin, Jr.",
		"שלום":                        "שלום",
		"क्\u200dष":                   "क्\u200dष", // a joiner that the script needs
		"½ m² 🦊":                      "½ m² 🦊",
	} {
		if got, problem := names.Clean(typed, 2, 20); got != want || problem != "" {
			t.Errorf("%q became %q (%s), want %q", typed, got, problem, want)
		}
	}
}

func TestClean_refusesWhatCannotBeSeen(t *testing.T) {
	for name, typed := range map[string]string{
		"nothing":                     "",
		"spaces":                      " \u2003\u3000 ",
		"two zero-width spaces":       "\u200b\u200b",
		"a zero-width space":          "Ada\u200b",
		"a soft hyphen":               "A\u00adda",
		"a right-to-left mark":        "Ada\u200f",
		"a right-to-left override":    "Ada\u202egnp.exe",
		"an isolate":                  "\u2066Ada\u2069",
		"a byte order mark":           "\ufeffAda",
		"a joiner that joins nothing": "A\u200dda",
		"tags":                        "Ada\U000e0041",
		"a filler":                    "\u3164\u3164",
		"empty patterns":              "\u2800\u2800",
		"accents on nothing":          "\u0301\u0301",
		"a line break":                "Ada\nBcc",
		"a zero":                      "A\x00da",
		"too few characters":          " A ",
		"too many characters":         strings.Repeat("é", 21),
	} {
		if got, problem := names.Clean(typed, 2, 20); got != "" || problem == "" {
			t.Errorf("%s: %q became %q", name, typed, got)
		}
	}
}

func TestEmail_hasOneForm(t *testing.T) {
	for typed, want := range map[string]string{
		"ada@example.org":               "ada@example.org",
		"Ada.Lovelace+shop@Example.ORG": "Ada.Lovelace+shop@example.org",
		"ada@localhost":                 "ada@localhost",
		"用户@例子.广告":                      "用户@例子.广告",
		"用户@xn--fsqu00a.xn--4rr70v":     "用户@例子.广告",
		"ａda@example.org":               "ada@example.org", // wide letters
		"jose\u0301@example.org":        "josé@example.org",
		"שלום@example.org":              "שלום@example.org",
	} {
		if got, err := names.Email(typed); got != want || err != nil {
			t.Errorf("%q became %q (%v), want %q", typed, got, err, want)
		}
	}
}

func TestEmail_refusesEverythingElse(t *testing.T) {
	for _, typed := range []string{
		"", "ada", "ada@", "@example.org", " ada@example.org", "Ada <ada@example.org>", "<ada@example.org>", `"a b"@example.org`,
		"ada@example.org, eve@example.org", "ada@[127.0.0.1]", "ada@example.org\r\nBcc: eve@example.org", "ada(comment)@example.org",
		strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 95) + "example.org",
		strings.Repeat("a", 65) + "@example.org", "adm\u00adin@example.org", "admin\u200b@example.org", "\u200fadmin@example.org", "\u202eadmin@example.org",
		"admin\u2060@example.org", "admin@exam\u00adple.org", "admin@exa\u200bmple.org", "admin@example.org\u200e",
		"admin@example.org.", "admin@-example.org", "admin@exa_mple.org", "admin@example\u3002org",
	} {
		if got, err := names.Email(typed); err == nil {
			t.Errorf("%q became %q", typed, got)
		}
	}
}

// Wide characters become plain ones, which mean something else in an address: a second mailbox, or another name of the same one.
func TestEmail_refusesWhatBecomesAnotherAddress(t *testing.T) {
	for _, typed := range []string{
		"eve\uff20evil.example\uff0cada@example.org", "eve\uff20evil.example@example.org", "ada@example.org\uff0e", "ada@localhost\uff0e",
		"ada@example.\uff0eorg", "ada@\uff0eexample.org", "a\uff0e\uff0eda@example.org",
	} {
		if got, err := names.Email(typed); err == nil {
			t.Errorf("%q became %q", typed, got)
		}
	}
}

func TestMailbox_isTheSameForSubAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"Ada@Example.org": "ada@example.org", "ada+1@example.org": "ada@example.org", "ada+a+b@example.org": "ada@example.org",
		"ada@b+c.org": "ada@b+c.org", "+ada@example.org": "@example.org", "ada": "ada",
	} {
		if got := names.Mailbox(address); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}
