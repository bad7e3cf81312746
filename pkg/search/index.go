// Package search is full-text search in the state store of a service. An index consists of segments, which never change, and a
// manifest, which is changed by compare-and-swap; see docs/decisions/0036. So all replicas of a service share it.
//
// An index is a hint: Find asks the service to load what was found, and returns only what it gets back.
package search

import (
	"context"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"stoa/pkg/common/recent"
	"stoa/pkg/search/internal/segment"
	"stoa/pkg/search/internal/words"
	"stoa/pkg/sidecar"
)

// Field is a text of documents, such as the title.
type Field struct {
	Name string
	// Weight is what a word in this field counts; 1 is usual.
	Weight float64
	// Length is how many words the field usually has. A word counts less where there are more.
	Length float64
	// Whole is for values such as a product number: they are also found as a whole, signs included.
	Whole bool
}

// Document is what the index gets to know of a document.
type Document struct {
	ID string
	// Version grows when the document changes. What is put or removed with a lower version than before has no effect.
	Version int64
	// Texts are plain texts by the name of their field.
	Texts map[string]string
	// Tags are by which searches can be filtered.
	Tags []string
}

// Index finds documents by their words. All of its methods may be called at any time, by any number of processes.
type Index struct {
	name      string
	fields    []Field
	manifests *sidecar.Documents[manifest]
	parts     *sidecar.Documents[part]
	cache     *recent.Memory[string, part]
	searching chan struct{} // a place for each search that runs
}

// maxCached is how many parts a process keeps in memory, at least; twice as many, some 32 MB, at most.
const maxCached = 512

// New returns the index with a name in a store. After a change of fields it has to be rebuilt.
func New(s *sidecar.Sidecar, store, name string, fields ...Field) *Index {
	return &Index{
		name:      name,
		fields:    fields,
		manifests: sidecar.NewDocuments[manifest](s, store, "search"),
		parts:     sidecar.NewDocuments[part](s, store, "search-part"),
		cache:     recent.New[string, part](maxCached),
		searching: make(chan struct{}, maxSearches),
	}
}

// Put makes documents searchable. Call it when a document has changed, and again whenever it may have failed.
func (x *Index) Put(ctx context.Context, documents ...Document) error {
	analysed, err := x.analyseAll(documents)
	if err != nil || len(analysed) == 0 {
		return err
	}
	return x.add(ctx, analysed, "")
}

// Remove makes a document that had this version, or an earlier one, unsearchable.
func (x *Index) Remove(ctx context.Context, id string, version int64) error {
	entry := segment.Entry{ID: id, Version: version, Removed: true}
	if err := check(entry); err != nil {
		return err
	}
	return x.add(ctx, []segment.Document{{Entry: entry}}, "")
}

func check(e segment.Entry) error {
	if e.ID == "" || len(e.ID) > 200 || !utf8.ValidString(e.ID) || strings.ContainsRune(e.ID, 0) {
		return fmt.Errorf("a document that is searched cannot have the id %q", e.ID)
	}
	if e.Version < 0 {
		return fmt.Errorf("the document %s cannot have the version %d", e.ID, e.Version)
	}
	return nil
}

func (x *Index) analyseAll(documents []Document) ([]segment.Document, error) {
	analysed := make([]segment.Document, len(documents))
	stems := stems{}
	for i, d := range documents {
		analysed[i].Entry = segment.Entry{ID: d.ID, Version: d.Version}
		if err := check(analysed[i].Entry); err != nil {
			return nil, err
		}
		analysed[i].Terms = x.analyse(d, stems)
	}
	return analysed, nil
}

// saturation is k1 of BM25: how fast more occurrences of a word count less. lengths is its b: how much the length counts.
const (
	saturation = 1.2
	lengths    = 0.75
)

// Terms begin with a sign, so that tags are not found as words.
func wordTerm(word string) string { return "w" + word }

func tagTerm(tag string) string { return "t" + words.Fold(tag) }

// analyse returns the terms of a document and the impact of each: the factor of BM25F that depends on the document only.
func (x *Index) analyse(d Document, stems stems) map[string]uint8 {
	weights := map[string]float64{}
	for _, f := range x.fields {
		counts, length := map[string]int{}, 0
		for word := range words.In(d.Texts[f.Name]) {
			length++
			if !words.IsStop(word.Folded) {
				counts[stems.of(word.Folded)]++
			}
		}
		if f.Whole {
			if whole := words.Fold(d.Texts[f.Name]); whole != "" {
				counts[whole] = max(1, counts[whole])
			}
		}
		norm := 1 - lengths + lengths*float64(length)/max(1, f.Length)
		for word, n := range counts {
			weights[word] += f.Weight * float64(n) / norm
		}
	}
	terms := make(map[string]uint8, len(weights)+len(d.Tags))
	for word, weight := range weights {
		terms[wordTerm(word)] = uint8(max(1, math.Round(255*weight/(saturation+weight))))
	}
	for _, tag := range d.Tags {
		terms[tagTerm(tag)] = 1
	}
	return terms
}

// stems remembers the stems of words, because texts repeat them.
type stems map[string]string

func (s stems) of(word string) string {
	stem, known := s[word]
	if !known {
		stem = words.Stem(word)
		s[word] = stem
	}
	return stem
}
