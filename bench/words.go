package main

import (
	"math/rand/v2"
	"strings"
)

// wordsOfPost is how many words the text of a post of the part search has, and vocabulary how many different ones there are.
const wordsOfPost, vocabulary = 300, 300_000

// textOf is the text of the post with a number, always the same: a few words are frequent, and most are rare, as in a language.
func textOf(post int) string {
	ranks := rand.NewZipf(rand.New(rand.NewPCG(1, uint64(post))), 1.1, 8, vocabulary)
	words := make([]string, wordsOfPost)
	for i := range words {
		words[i] = wordOf(ranks.Uint64())
	}
	return strings.Join(words, " ")
}

// wordOf is the word of a rank: the more frequent, the shorter.
func wordOf(rank uint64) string {
	word := []byte{"bcdfghklmnprst"[rank%14]}
	for rest := rank; rest > 0; rest /= 35 {
		word = append(word, "aeiou"[rest%5], "bdgklmn"[rest/5%7])
	}
	return string(append(word, 'u'))
}

// The queries of the part search. Of 1,000 posts, at least 20 match, so each fills a page. A space at the end says that the last word
// is complete.

// oneWord is a word that a fourteenth to a half of the posts have.
func oneWord() string { return wordOf(50+rand.Uint64N(350)) + " " }

// twoWords are words that a quarter to three quarters have.
func twoWords() string { return frequentWord() + " " + frequentWord() + " " }

func beginning() string { return frequentWord() + " " + frequentWord()[:3] }

func sameWords() string { return wordOf(40) + " " + wordOf(60) + " " }

func frequentWord() string { return wordOf(20 + rand.Uint64N(80)) }
