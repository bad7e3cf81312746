package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/gosimple/slug"

	"stoa/pkg/common/must"
)

// The files fit together, and what they say is accepted.
func TestDemoBlog_isWhatTheAPITakes(t *testing.T) {
	blog := must.Get(readDemoBlog())(t)
	tags, outcomes := map[string]int{}, map[outcome]int{}
	for _, p := range blog.Posts {
		first := p.revisions[0]
		if _, known := blog.Authors[p.author()]; !known || slug.Make(first.Title) != p.name {
			t.Errorf("%s: by %q, with the title %q", p.name, p.author(), first.Title)
		}
		if n := len(first.Tags); n < 2 || n > 4 || first.Description == "" && first.Outcome != draft {
			t.Errorf("%s: %d tags, described by %q", p.name, n, first.Description)
		}
		for i, r := range p.revisions {
			last := i == len(p.revisions)-1
			ends := !slices.Contains([]outcome{refused, published}, r.Outcome)
			needsNote := r.Outcome == refused || r.Outcome == unpublished
			if words := len(strings.Fields(r.Text)); words < 80 || words > 700 || ends && !last || needsNote != (r.Note != "") {
				t.Errorf("%s, revision %d: %d words, %s, note %q", p.name, i+1, words, r.Outcome, r.Note)
			}
			outcomes[r.Outcome]++
		}
		for _, tag := range first.Tags {
			tags[tag]++
		}
	}
	for _, o := range []outcome{draft, submitted, refused, published, unpublished} {
		if outcomes[o] == 0 {
			t.Errorf("no revision is %s", o)
		}
	}
	if len(tags) > 12 {
		t.Errorf("%d tags: %v", len(tags), tags)
	}
}

// Comments are by known people, below public posts, and few enough for the limit of ten a minute. The last post is public and
// has none: it says that all others have theirs.
func TestDemoBlog_hasCommentsThatTheAPITakes(t *testing.T) {
	blog := must.Get(readDemoBlog())(t)
	written := map[string]int{}
	var check func(post string, remarks []remark, level int)
	check = func(post string, remarks []remark, level int) {
		for _, r := range remarks {
			_, author := blog.Authors[r.By]
			_, reader := blog.Readers[r.By]
			if written[r.By]++; !author && !reader || r.Text == "" || level > 2 || written[r.By] > 10 {
				t.Errorf("%s: a comment of level %d by %q, who wrote %d: %q", post, level, r.By, written[r.By], r.Text)
			}
			check(post, r.Replies, level+1)
		}
	}
	public := func(name string) bool {
		i := slices.IndexFunc(blog.Posts, func(p demoPost) bool { return p.name == name })
		return i >= 0 && blog.Posts[i].revisions[0].Outcome != draft && slices.ContainsFunc(blog.Posts[i].revisions, func(r revision) bool {
			return r.Outcome == published
		})
	}
	for post, remarks := range blog.Comments {
		if !public(post) {
			t.Errorf("%s is not public", post)
		}
		check(post, remarks, 1)
	}
	last := blog.Posts[len(blog.Posts)-1].name
	if !public(last) || len(blog.Comments[last]) > 0 {
		t.Errorf("%s is the last post", last)
	}
}
