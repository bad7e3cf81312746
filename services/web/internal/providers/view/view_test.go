package view

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"stoa/internal/released"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/services/web/internal/providers/api"
)

// What others have made is here as it was released: this is the list of it, with checksums and licences.
func TestThirdParty_isAsReleased(t *testing.T) { released.Check(t, staticFiles, "static/thirdparty") }

// used are the keys that templates and code name.
func used(t *testing.T) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	quoted := regexp.MustCompile(`"([a-z]+(?:[.-][a-z0-9-]+)+)"`)
	note := func(raw []byte) {
		for _, match := range quoted.FindAllSubmatch(raw, -1) {
			keys[string(match[1])] = true
		}
	}
	must.Do(t, fs.WalkDir(templates, "templates", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			note(must.Get(templates.ReadFile(file))(t))
		}
		return err
	}))
	files := must.Get(filepath.Glob("../../handlers/*.go"))(t)
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			note(must.Get(os.ReadFile(file))(t))
		}
	}
	return keys
}

func TestTexts_areAllUsedAndAllThere(t *testing.T) {
	v := must.Get(New())(t)
	keys, areas := used(t), map[string]bool{}
	for key := range v.texts.keys {
		area, _, _ := strings.Cut(key, ".")
		areas[area] = true
		made := strings.HasPrefix(key, "problem.title.") || strings.HasPrefix(key, "problem.text.") // by statuses
		if !keys[key] && !made {
			t.Errorf("no page shows the text %s", key)
		}
	}
	for key := range keys {
		if area, _, _ := strings.Cut(key, "."); areas[area] && !v.Has(key) && !strings.HasSuffix(key, ".html") {
			t.Errorf("there is no text %s", key)
		}
	}
}

func TestStatic_hasWhatTemplatesLoad(t *testing.T) {
	v := must.Get(New())(t)
	loads := regexp.MustCompile(`\.Static "([^"]+)"`)
	must.Do(t, fs.WalkDir(templates, "templates", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		for _, match := range loads.FindAllSubmatch(must.Get(templates.ReadFile(file))(t), -1) {
			if !v.static.Has(string(match[1])) {
				t.Errorf("%s loads %s, which is not there", file, match[1])
			}
		}
		return nil
	}))
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if !v.static.Serve(answer, request, "", "app.css") || !strings.Contains(answer.Body.String(), "color-scheme") || !strings.Contains(answer.Body.String(), ".prose") {
		t.Errorf("the stylesheet is not whole: %d bytes", answer.Body.Len())
	}
}

func TestLocale_hasTheFormsOfTheReader(t *testing.T) {
	day := time.Date(2026, 3, 4, 23, 30, 0, 0, time.UTC)
	price := api.Money{Amount: 1234567, Currency: "EUR"}
	for header, want := range map[string]string{
		"":                                  "en-GB 4 Mar 2026 €12,345.67 1,234",
		"en-US,en;q=0.5":                    "en-US Mar 4, 2026 €12,345.67 1,234",
		"de":                                "de 04.03.2026 12.345,67\u00a0€ 1.234",
		"\xff;;;":                           "en-GB 4 Mar 2026 €12,345.67 1,234",
		strings.Repeat("fr;q=0.1,", 10_000): "fr 04/03/2026",
	} {
		l := LocaleOf(header)
		got := strings.Join([]string{l.Tag(), l.date(day), l.money(price), l.number(1234)}, " ")
		if !strings.HasPrefix(got, want) {
			t.Errorf("%.20q: got %q, want %q", header, got, want)
		}
	}
	for currency, want := range map[string]string{"JPY": "¥1,234", "XYZ": "XYZ\u00a012.34"} {
		if got := LocaleOf("").money(api.Money{Amount: 1234, Currency: currency}); got != want {
			t.Errorf("%s: got %q, want %q", currency, got, want)
		}
	}
}

func TestForm_saysWhatIsWrong(t *testing.T) {
	f := NewForm(url.Values{"email": {"x"}}, "email", "name")
	if f.Take(errs.New(errs.NotFound, "gone")) || f.Take(errs.New(errs.Internal, "broken")) || f.Wrong("email") != "" || f.Elsewhere() {
		t.Error("an error that has a page of its own was taken")
	}
	if !f.Take(errs.InvalidField("email", "is not an address")) || f.Wrong("email") == "" || f.Wrong("name") != "" || f.Elsewhere() {
		t.Errorf("a field: got %+v", f.Problem)
	}
	if !f.Take(errs.InvalidField("items[0]", "is odd")) || !f.Elsewhere() {
		t.Errorf("elsewhere: got %+v", f.Problem)
	}
	if key := f.Key(); len(key) != 36 || f.Key() != key || NewForm(url.Values{"key": {key}}).Key() != key || NewForm(url.Values{"key": {"'; --"}}).Key() == "'; --" {
		t.Errorf("the key %s changes", key)
	}
}
