package handlers_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stoa/internal/hostile"
	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/common/web/webtest"
)

// schema is what a format demands of our documents, as a schema in RELAX NG.
type schema struct {
	file string
	// spoiled is what is not valid with something else before it.
	spoiled string
}

var (
	atomSchema    = schema{"atom.rng", "<updated>"}
	sitemapSchema = schema{"sitemap.rng", "<loc>"}
)

// check fails unless the document is valid. It does not read the network.
func (s schema) check(program, document string) error {
	command := exec.Command(program, "--nonet", "--noout", "--relaxng", filepath.Join("testdata", s.file), "-")
	command.Stdin = strings.NewReader(document)
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

// Feeds and sitemaps are valid by a validator that is not ours, whatever authors write.
func TestFeeds_followTheSchemas(t *testing.T) {
	must.HaveTime(t)
	program, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("NOT TESTED: feeds and sitemaps against the schemas of their formats. xmllint is not installed.")
	}
	w := newWorld(t)
	valid := func(path string, s schema) {
		t.Helper()
		document := w.fetch(t, path).Expect(http.StatusOK).Body.String()
		if err := s.check(program, document); err != nil {
			t.Errorf("%s: %v in\n%s", path, err, document)
		}
		if s.check(program, strings.Replace(document, s.spoiled, "<wrong/>"+s.spoiled, 1)) == nil {
			t.Errorf("%s: %s takes everything", path, s.file)
		}
	}
	valid("/feed.atom", atomSchema)
	valid("/sitemap.xml", sitemapSchema)
	titles := 0
	for _, attack := range hostile.Texts {
		body := full("Title: " + attack)
		body["imgUrl"] = "https://example.org/a.jpg?a=1&b=%22%3E"
		if !strings.Contains(attack, "\x00") {
			body["text"] = attack
		}
		answer := w.ask(t, "ada", "POST", "/author", body)
		if answer.Code != http.StatusCreated { // such as one of two lines
			answer.ExpectProblem(http.StatusUnprocessableEntity, errs.Invalid, "title")
			continue
		}
		id := webtest.Read[post](answer, http.StatusCreated).ID
		w.do(t, "ada", "PUT", "/author/submit/id/"+id, nil)
		w.do(t, "edith", "PUT", "/editor/publish/id/"+id, nil)
		if titles++; titles%20 == 0 { // as many as a feed has
			valid("/feed.atom", atomSchema)
		}
	}
	if titles < 100 {
		t.Errorf("only %d titles", titles)
	}
	valid("/tags/go/feed.atom", atomSchema)
	valid("/authors/"+callers["ada"].ID+"/feed.atom", atomSchema)
	valid("/sitemap.xml", sitemapSchema)
	w.fill(t, 1200)
	valid("/sitemap.xml", sitemapSchema)
	valid("/sitemap.xml?part=1", sitemapSchema)
}

// The rules in feedrules_test.go hold where xmllint is not installed, and say more than the schemas: which links there are, and
// that they are absolute. They notice what is wrong.
func TestFeedRules_noticeWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	w.published(t, full("A title"))
	for path, spoiled := range map[string]map[string]string{
		"/feed.atom": {
			"<updated>": "<updated>x", `rel="self"`: `rel="via"`, `rel="alternate"`: `rel="self"`, "<id>urn:uuid:": "<id>", "<entry>": "<entry><b>x</b>",
			"</feed>": "</feed><feed/>", site.URL: "", "<title>": "<title><i/>", "<name>Ada": "<name>", "<summary>": "<summary/><summary>", "<author>": "<author href='x'>",
			"2005/Atom": "2006/Atom",
		},
		"/feed.json": {
			`"version":"https`: `"version":"http`, `"home_page_url":`: `"home":`, `"id":"urn:uuid:`: `"id":"`, `"date_published":"2`: `"date_published":"x2`,
			`"items":[`: `"items":[5,`, `"content_text"`: `"content_html"`, `"authors":[`: `"authors":[{},`, `"url":"https:`: `"url":"http:`,
		},
		"/sitemap.xml": {
			"<loc>": "<loc>x", "<lastmod>": "<lastmod>yesterday", "</loc>": "</loc><priority>1</priority>", "<url>": "<url><loc>" + site.URL + "/x</loc>", "sitemap/0.9": "sitemap/1",
		},
	} {
		wrong := func(document string) error {
			switch path {
			case "/feed.atom":
				_, err := validate([]byte(document), atomSpace, "feed", atomRules)
				return err
			case "/feed.json":
				_, err := validateJSON([]byte(document))
				return err
			}
			_, err := validate([]byte(document), sitemapSpace, "urlset", sitemapRules)
			return err
		}
		good := w.fetch(t, path).Expect(http.StatusOK).Body.String()
		if err := wrong(good); err != nil {
			t.Errorf("%s: %v in %s", path, err, good)
		}
		for right, other := range spoiled {
			if bad := strings.Replace(good, right, other, 1); bad == good || wrong(bad) == nil {
				t.Errorf("%s with %s in place of %s: nothing is wrong with %s", path, other, right, bad)
			}
		}
	}
}
