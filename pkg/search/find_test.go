package search_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/must"
	"stoa/pkg/search"
)

// classics returns a library of a few books.
func classics(t *testing.T) *library {
	l := newLibrary()
	l.put(t,
		book{ID: "walden", Title: "Walden, or Life in the Woods", Text: "I went to the woods because I wished to live deliberately.",
			Tags: []string{"nature", "essay"}, Number: "AB-1234"},
		book{ID: "moby", Title: "Moby-Dick; or, The Whale", Text: "Call me Ishmael. Some years ago I went sailing; whales, whales.",
			Tags: []string{"sea", "novel"}, Number: "AB-1299"},
		book{ID: "deep", Title: "Twenty Thousand Leagues", Text: "A whale was seen, and running ships fled it into the woods of the sea.",
			Tags: []string{"sea", "novel"}, Number: "X.9"},
		book{ID: "café", Title: "Le Café de la Gare", Text: "Crème brûlée, ÉLAN, naïveté; a catalogue of categories.",
			Tags: []string{"Essay"}, Number: "№7 b"},
	)
	return l
}

func TestFind_ranksWhatItFinds(t *testing.T) {
	l := classics(t)
	for text, want := range map[string]string{
		"whale":         "moby deep", // in the title
		"WHALES":        "moby deep",
		"woods":         "walden deep",
		"ship":          "deep",
		"run":           "deep", // running
		"whales ship":   "deep", // all words
		"whale ishmael": "moby",
		"whale walden":  "",
		"cafe":          "café",
		"CRÈME brulee":  "café",
		"moby-dick":     "moby",
		"moby dick":     "moby",
		"dick (moby) !": "moby",
		"the whale":     "moby deep", // without the stop word
		"nothing":       "",
		"to be or not":  "",
		"ab-1234":       "walden",
		"AB-1299":       "moby",
		"whale AB-1299": "moby",
		"x.9":           "deep",
		"went ":         "moby walden", // the shorter text, by a little
		"sailed":        "moby",        // sail
	} {
		if text == "went " {
			l.expectSet(t, text, "moby", "walden")
			continue
		}
		l.expect(t, text, want)
	}
}

func TestFind_letsTheLastWordGoOn(t *testing.T) {
	l := classics(t)
	for _, typed := range []string{"cat", "catal", "catalogu", "categ", "categor", "categorie", "brûl", "cafe cat"} {
		l.expectSet(t, typed, "café")
	}
	l.expectSet(t, "ca", "café", "moby") // call
	l.expectSet(t, "whal", "moby", "deep")
	l.expectSet(t, "runni", "deep")
	l.expectSet(t, "ab-12", "moby", "walden")
	l.expectSet(t, "AB-123", "walden")
	l.expectSet(t, "whal ship")
	l.expectSet(t, "whal ")
	l.expectSet(t, "w") // one letter is a word
}

// Words that are in many documents do not hide the others with the same beginning.
func TestFind_letsTheLastWordGoOnPastFrequentWords(t *testing.T) {
	must.HaveTime(t)
	l := newLibrary()
	l.put(t, book{ID: "last", Text: "commzz", Tags: []string{"only"}})
	var documents []search.Document
	for i := range 20_000 {
		b := book{ID: fmt.Sprint(i), Text: "commaa commbb commcc commdd commee commff"}
		documents = append(documents, b.document())
	}
	must.Do(t, l.index.Put(t.Context(), documents...))
	must.Do(t, l.index.Maintain(t.Context()))
	for range 2 { // in segments of its own, and merged with the others
		if got := l.find(t, search.Query{Text: "comm", Tag: "only"}); got != "last" {
			t.Errorf("got %q", got)
		}
		must.Do(t, l.index.Rebuild(t.Context(), len(documents)+1, func(yield func(search.Document, error) bool) {
			for _, d := range append(documents, l.books["last"].document()) {
				if !yield(d, nil) {
					return
				}
			}
		}))
	}
}

func TestFind_filtersByTag(t *testing.T) {
	l := classics(t)
	for tag, want := range map[string]string{"sea": "moby deep", "novel": "moby deep", "essay": "", "nature": "", "SEA": "moby deep"} {
		if got := l.find(t, search.Query{Text: "whale", Tag: tag}); got != want {
			t.Errorf("%s: got %q, want %q", tag, got, want)
		}
	}
	if got := l.find(t, search.Query{Text: "catalogue", Tag: "essay"}); got != "café" {
		t.Errorf("got %q", got)
	}
	l.expect(t, "novel", "") // a tag is not a word
	l.expect(t, "tsea", "")
}

// A query is refused, naming the field, or finds nothing: it never breaks anything, and reads little.
func TestFind_answersBadQueries(t *testing.T) {
	l := classics(t)
	for _, text := range []string{
		"", " ", "&& || (*) - + ~ ^", `"`, "a the of to", "\u202eelahw\u202c ?", "שלום", "مرحبا بالعالم", "\u200b\u200d\ufeff", "👩‍👩‍👧", "%00",
		strings.Repeat("x", 200), strings.Repeat("é", 200), strings.Repeat("a ", 100), "ﷺ", "\u0301\u0301", "' OR 1=1 --", "{\"$ne\":1}",
	} {
		l.expect(t, text, "")
	}
	for _, tt := range []struct {
		field string
		query search.Query
	}{
		{"q", search.Query{Text: strings.Repeat("x", 10_000)}},
		{"q", search.Query{Text: "\xff\xfe"}},
		{"q", search.Query{Text: "whale\x00"}},
		{"q", search.Query{Text: strings.Repeat("x1 ", 17)}},
		{"tag", search.Query{Text: "whale", Tag: strings.Repeat("x", 201)}},
		{"tag", search.Query{Text: "whale", Tag: "\xff"}},
		{"cursor", search.Query{Text: "whale", Cursor: "x"}},
		{"cursor", search.Query{Text: "whale", Cursor: "e30"}}, // {}
		{"cursor", search.Query{Text: "whale", Cursor: strings.Repeat("A", 500)}},
	} {
		_, _, err := search.Find(t.Context(), l.index, tt.query, l.load)
		if fields := errs.From(err).Fields; !errs.Is(err, errs.Invalid) || len(fields) != 1 || fields[0].Name != tt.field {
			t.Errorf("%.60v: got %v, want one about %s", tt.query, err, tt.field)
		}
	}
	_, other := l.page(t, search.Query{Text: "whale", Limit: 1})
	if _, _, err := search.Find(t.Context(), l.index, search.Query{Text: "woods", Cursor: other}, l.load); !errs.Is(err, errs.Invalid) {
		t.Errorf("the cursor of another search: got %v", err)
	}
}

func FuzzFind(f *testing.F) {
	l := newLibrary()
	b := book{ID: "a", Title: "Crème brûlée", Text: "running whales", Number: "AB-12", Tags: []string{"x"}}
	l.books["a"] = b
	if err := l.index.Put(context.Background(), b.document()); err != nil {
		f.Fatal(err)
	}
	f.Add("creme whal", "x", "")
	f.Add("ab-1", "", "eyJnIjoxfQ")
	f.Add("\xff(\x00", "\u202e", "x")
	f.Fuzz(func(t *testing.T, text, tag, cursor string) {
		q := search.Query{Text: text, Tag: tag, Cursor: cursor, Limit: 1}
		if _, _, err := search.Find(t.Context(), l.index, q, l.load); err != nil && !errs.Is(err, errs.Invalid) {
			t.Errorf("%#v: %v", q, err)
		}
		if marked := q.Marker(20)(b.Title + text); strings.Count(marked, "<") != strings.Count(marked, "<mark>")+strings.Count(marked, "</mark>") {
			t.Errorf("%#v: %s", q, marked)
		}
	})
}

// What may not be shown is left out, and the page is filled with what follows.
func TestFind_showsOnlyWhatIsLoaded(t *testing.T) {
	l := newLibrary()
	var want []string
	var documents []search.Document
	for i := range 1000 {
		b := book{ID: fmt.Sprint(i), Text: "whale", Hidden: i%100 != 7}
		if !b.Hidden {
			want = append(want, b.ID)
		}
		l.books[b.ID], documents = b, append(documents, b.document())
	}
	must.Do(t, l.index.Put(t.Context(), documents...))
	l.expectSet(t, "whale", want...)
	first, next := l.page(t, search.Query{Text: "whale", Limit: 100})
	if len(first) >= 10 || next == "" {
		t.Errorf("one page has loaded all documents: got %d, then %q", len(first), next)
	}
	hidden := l.books["7"]
	hidden.Hidden = true
	l.books["7"] = hidden
	l.expectSet(t, "whale", want[1:]...)
}

func TestFind_reportsWhatCannotBeLoaded(t *testing.T) {
	l, broken := classics(t), errors.New("broken")
	_, _, err := search.Find(t.Context(), l.index, search.Query{Text: "whale"},
		func(context.Context, []string) (map[string]book, error) { return nil, broken })
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	l.states.Before = func(operation, _ string) error { return errors.New("away") }
	if _, _, err := search.Find(t.Context(), l.index, search.Query{Text: "whale"}, l.load); !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v", err)
	}
}

// Pages of one search show each document once, in the same order, whatever is put and merged meanwhile.
func TestFind_pagesStayAsTheyWere(t *testing.T) {
	must.HaveTime(t)
	l := newLibrary()
	for i := range 60 {
		l.put(t, book{ID: fmt.Sprint(i), Text: strings.Repeat("whale ", 1+i%7) + strings.Repeat("sea ", i%11)})
	}
	must.Do(t, l.index.Maintain(t.Context()))
	want := l.find(t, search.Query{Text: "whale"})
	var got []string
	q := search.Query{Text: "whale", Limit: 7}
	for i, end := 0, false; !end; i, end = i+1, q.Cursor == "" {
		var page []book
		page, q.Cursor = l.page(t, q)
		for _, b := range page {
			got = append(got, b.ID)
		}
		for n := range 5 {
			l.put(t, book{ID: fmt.Sprintf("new-%d-%d", i, n), Title: "whale"})
		}
		must.Do(t, l.index.Maintain(t.Context()))
	}
	if strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A cursor whose generation is deleted goes on in the index as it is then.
func TestFind_goesOnAfterTheGenerationIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLibrary()
		for i := range 12 {
			l.put(t, book{ID: fmt.Sprint(i), Text: "whale " + strings.Repeat("sea ", 10*i)})
		}
		q := search.Query{Text: "whale", Limit: 5}
		first, next := l.page(t, q)
		for range 2 {
			must.Do(t, l.index.Maintain(t.Context()))
			time.Sleep(6 * time.Minute)
		}
		must.Do(t, l.index.Maintain(t.Context()))
		q.Cursor = next
		got := strings.TrimPrefix(l.find(t, q), "4 ") // the last one has the score of the cursor
		if got != "5 6 7 8 9 10 11" || len(first) != 5 {
			t.Errorf("after %v: got %q", first, got)
		}
	})
}

func TestMark_isHTML(t *testing.T) {
	long := strings.Repeat("sand ", 100) + "The <b>Whale</b> & the whaler's catégories " + strings.Repeat("sea ", 100)
	for _, tt := range []struct{ query, text, want string }{
		{"whale", "A whale.", "A <mark>whale</mark>."},
		{"whale", "no <script>alert(1)</script>", "no &lt;script&gt;alert(1)&lt;/script&gt;"},
		{"script", "no <script>", "no &lt;<mark>script</mark>&gt;"},
		{"mark", "</mark><mark>", "&lt;/<mark>mark</mark>&gt;&lt;<mark>mark</mark>&gt;"},
		{"categ", "Crème, Catégories", "Crème, <mark>Catégories</mark>"},
		{"brulee", "cre\u0300me bru\u0302le\u0301e", "cre\u0300me <mark>bru\u0302le\u0301e</mark>"},
		{"", "a & b", "a &amp; b"},
		{strings.Repeat("x", 300), "x\xff\x00", "x\ufffd\ufffd"},
		{"whale category", long, ""},
		{"whale", strings.Repeat("x", 1000) + " whale", ""},
		{"東", strings.Repeat("海", 200) + "東京" + strings.Repeat("海", 200), ""},
	} {
		got := search.Query{Text: tt.query}.Marker(80)(tt.text)
		cut := len(got) < 200 && strings.HasPrefix(got, "…") && strings.Contains(got, "<mark>") && !strings.Contains(got, "<b>")
		if tt.want == "" && !cut || tt.want != "" && got != tt.want {
			t.Errorf("%.40q in %.40q: got %q, want %q", tt.query, tt.text, got, tt.want)
		}
	}
	if got, want := (search.Query{Text: "whale"}).Marker(60)(strings.Repeat("sand ", 100)), strings.Repeat("sand ", 12)+"…"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
