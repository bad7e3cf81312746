package words

import (
	"slices"
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
)

// stops are words that nearly every text has. They are those of Lucene.
var stops = strings.Fields(`a an and are as at be but by for if in into is it no not of on or such that the their then there these
	they this to was will with`)

// IsStop reports whether a folded word is left out, because nearly every text has it.
func IsStop(folded string) bool { return slices.Contains(stops, folded) }

// Stem returns what a folded word has in common with its other forms: "run" for "running". Words that are not English stay as
// they are, unless they look English.
func Stem(folded string) string {
	env := snowballstem.NewEnv(folded)
	english.Stem(env)
	return env.Current()
}

// endings are with which words go on that someone has begun to type.
var endings = strings.Fields("g ng ing n on ion tion ation s es ies ss ess ness d ed y ly ity e er r al l t nt ent ment")

// StemsOf returns the stems of words that begin with what someone has typed so far, if the stem is shorter: "run" for "runni".
func StemsOf(typed string) []string {
	stems := []string{Stem(typed)}
	for _, ending := range endings {
		stem := Stem(typed + ending)
		if len(stem) > 2 && len(stem) < len(typed) && strings.HasPrefix(typed, stem) && !slices.Contains(stems, stem) {
			stems = append(stems, stem)
		}
	}
	return stems
}
