package browser

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"testing"

	"stoa/pkg/common/must"
)

//go:embed thirdparty
var thirdParty embed.FS

// What others have made is here as it was released: this is the list of it, with checksums and licences.
func TestThirdParty_isAsReleased(t *testing.T) {
	const folder = "thirdparty/"
	var manifest struct {
		Files []struct{ File, Package, Version, SHA256, Licence, LicenceFile string }
	}
	must.Do(t, json.Unmarshal(must.Get(thirdParty.ReadFile(folder+"manifest.json"))(t), &manifest))
	listed := map[string]bool{"manifest.json": true}
	for _, f := range manifest.Files {
		sum := sha256.Sum256(must.Get(thirdParty.ReadFile(folder + f.File))(t))
		if got := hex.EncodeToString(sum[:]); got != f.SHA256 {
			t.Errorf("%s is not that of %s %s: its SHA-256 is %s", f.File, f.Package, f.Version, got)
		}
		if f.Licence == "" {
			t.Errorf("%s: the licence is missing", f.File)
		}
		must.Get(thirdParty.ReadFile(folder + f.LicenceFile))(t)
		listed[f.File], listed[f.LicenceFile] = true, true
	}
	for _, entry := range must.Get(thirdParty.ReadDir("thirdparty"))(t) {
		if !listed[entry.Name()] {
			t.Errorf("%s is not listed", entry.Name())
		}
	}
}

// The rules that depend on colours, for the second of two colour schemes.
const ofColours = `["color-contrast", "link-in-text-block"]`

// violations returns what axe-core finds wrong with the page, by all its rules, or by some of them.
func (b *tab) violations(rules string) []string {
	b.Helper()
	if !eval[bool](b, `typeof axe === "object"`) {
		eval[struct{}](b, string(must.Get(thirdParty.ReadFile("thirdparty/axe.min.js"))(b))+";null")
	}
	options := `{preload: false, resultTypes: ["violations"]`
	if rules != "" {
		options += `, runOnly: ` + rules
	}
	return eval[[]string](b, `axe.run(document, `+options+`}).then(found => found.violations.flatMap(v =>
		v.nodes.map(n => v.id + ": " + n.target.join(" ") + ": " + n.html.slice(0, 200) + ": " + (n.any[0]?.message ?? v.help))))`)
}
