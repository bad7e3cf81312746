package architecture

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"stoa/pkg/common/must"
)

const tyeFile = "tye/tye.yaml"

func TestTye_fileFitsItsSchema(t *testing.T) {
	schema := must.Get(jsonschema.NewCompiler().Compile("testdata/tye.schema.json"))(t)
	text := read(t, tyeFile)
	if err := schema.Validate(parsed(t, text)); err != nil {
		t.Errorf("%s: %v", tyeFile, err)
	}
	for what, broken := range map[string]string{
		"a misspelt field": strings.Replace(text, "workingDirectory:", "workingFolder:", 1),
		"a port in words":  strings.Replace(text, "port: 8080", "port: eighty", 1),
		"no kind":          strings.Replace(text, "executable: bin/auth", "", 1),
	} {
		if schema.Validate(parsed(t, broken)) == nil {
			t.Errorf("the schema accepts %s", what)
		}
	}
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var document any
	must.Do(t, yaml.NewDecoder(bytes.NewReader([]byte(text))).Decode(&document))
	return document
}
