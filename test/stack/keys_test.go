package stack

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"stoa/pkg/common/must"
	"stoa/pkg/identity/signing"
)

// keys runs `stoa keys ... --json` and returns the ids by use.
func (c checkout) keys(command string, more ...string) map[signing.Use]string {
	c.t.Helper()
	var shown struct {
		Keys []struct {
			ID  string
			Use signing.Use
		}
	}
	must.Do(c.t, json.Unmarshal([]byte(c.succeeds("", append([]string{"keys", command, "--json"}, more...)...)), &shown))
	byUse := map[signing.Use]string{}
	for _, key := range shown.Keys {
		byUse[key.Use] = key.ID
	}
	return byUse
}

func TestKeys_rotateWhileNothingRuns(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	before := c.keys("list")
	rotated := c.keys("rotate")
	if rotated[signing.Current] != before[signing.Next] || rotated[signing.Previous] != before[signing.Current] {
		t.Errorf("got %v after %v", rotated, before)
	}
	text := c.succeeds("previous", "keys", "list")
	for use, id := range rotated {
		if !strings.Contains(text, id) {
			t.Errorf("no %s key %s in:\n%s", use, id, text)
		}
	}
	if strings.Contains(text, "PRIVATE") {
		t.Error("it shows private keys")
	}
	links := c.keys("list", "--links")
	if next := c.keys("rotate", "--links"); next[signing.Current] != links[signing.Next] || links[signing.Current] == rotated[signing.Current] {
		t.Errorf("the keys of links: got %v after %v", next, links)
	}
	if c.keys("list")[signing.Current] != rotated[signing.Current] {
		t.Error("the keys of tokens have changed with those of links")
	}
	out, err := c.stoa("keys", "rotate", "--dir", filepath.Join(c.root, "components"))
	if err == nil || !strings.Contains(out, "the first `stoa up` makes them") {
		t.Errorf("without keys: %v, %s", err, out)
	}
}
