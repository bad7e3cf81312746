package browser

import (
	"embed"
	"testing"

	"stoa/internal/released"
	"stoa/pkg/common/must"
)

//go:embed thirdparty
var thirdParty embed.FS

// What others have made is here as it was released: this is the list of it, with checksums and licences.
func TestThirdParty_isAsReleased(t *testing.T) { released.Check(t, thirdParty, "thirdparty") }

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
