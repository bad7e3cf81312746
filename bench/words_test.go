package main

import (
	"strings"
	"testing"
)

// Each search of the small blog fills a page, and the texts are the same in each run.
func TestTextOf_hasTheWordsThatAreSearched(t *testing.T) {
	posts := make([]map[string]bool, fewPosts)
	for n := range posts {
		words := strings.Fields(textOf(n))
		if posts[n] = map[string]bool{}; len(words) != wordsOfPost || textOf(n) != strings.Join(words, " ") {
			t.Fatalf("post %d has %d words", n, len(words))
		}
		for _, word := range words {
			posts[n][word] = true
		}
	}
	matching := func(first, second string) (n int) {
		for _, words := range posts {
			if words[first] && words[second] {
				n++
			}
		}
		return n
	}
	for range 200 {
		one := strings.TrimSpace(oneWord())
		first, second, _ := strings.Cut(strings.TrimSpace(twoWords()), " ")
		if alone, both := matching(one, one), matching(first, second); alone < pageLimit || both < pageLimit {
			t.Errorf("%q is in %d posts, %q and %q in %d", one, alone, first, second, both)
		}
	}
}
