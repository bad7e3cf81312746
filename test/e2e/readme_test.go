package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

// block matches a block of shell commands.
var block = regexp.MustCompile("(?s)```sh\n(.*?)```")

// The walk through the blog in README.md can be copied and pasted.
func TestReadme_writesAPost(t *testing.T) {
	author, reader := shop.NewAuthor(t, shop.SignIn(t, "admin")), shop.SignUp(t)
	shop.KnownEditor(t, author)
	text := string(must.Get(os.ReadFile(filepath.Join(system.Root(t), "README.md")))(t))
	_, walk, _ := strings.Cut(text, "## Your first post\n")
	walk, _, _ = strings.Cut(walk, "\n## ")
	helpers := regexp.MustCompile(`(?m)^(api|field)\(\) .*$`).FindAllString(text, -1)
	script := append(helpers, "set -e", "token="+reader.Token)
	for _, commands := range block.FindAllStringSubmatch(walk, -1) {
		script = append(script, commands[1])
	}
	bash := exec.CommandContext(t.Context(), "bash", "-c", strings.Join(script, "\n"))
	bash.Dir, bash.Env = shop.Dir(), append(os.Environ(), "STOA_URL="+shop.URL, "STOA_API_KEY="+shop.APIKey)
	editor := shop.Accounts["editor"]
	bash.Env = append(bash.Env, "STOA_EDITOR_EMAIL="+editor.Email, "STOA_EDITOR_PASSWORD="+editor.Password,
		"STOA_AUTHOR_EMAIL="+author.Email, "STOA_AUTHOR_PASSWORD="+client.Password) // who has got no mails yet
	out, err := bash.CombinedOutput()
	for _, want := range []string{`"title":"Why we count twice"`, "<strong>once", "For review: ", "Subject: ", "We count three times."} {
		if err != nil || !strings.Contains(string(out), want) && !strings.Contains(string(out), strings.ReplaceAll(want, "<", `\u003c`)) {
			t.Fatalf("%q is missing (%v) in:\n%s", want, err, out)
		}
	}
	if posts := client.All[client.Post](t, shop, "/blog/list/latest", client.User{}); posts[0].Title != "Why we count twice" {
		t.Errorf("the latest post is %+v", posts[0])
	}
}
