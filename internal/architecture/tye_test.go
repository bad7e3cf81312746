package architecture

import (
	"bytes"
	"path"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"stoa/internal/stack/secrets"
)

const tyeFile = "tye/tye.yaml"

// tyeService is the part of Tye's format that is used here.
type tyeService struct {
	Name, Executable, Args string
	External               bool
	WorkingDirectory       string `yaml:"workingDirectory"`
	Env                    []struct{ Name, Value string }
	Bindings               []struct {
		Name string
		Port int
	}
}

func tyeServices(t *testing.T) map[string]tyeService {
	t.Helper()
	var file struct{ Services []tyeService }
	if err := yaml.Unmarshal([]byte(read(t, tyeFile)), &file); err != nil {
		t.Fatal(err)
	}
	byName := map[string]tyeService{}
	for _, s := range file.Services {
		byName[s.Name] = s
	}
	return byName
}

func TestTyeFileFitsItsSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/tye.schema.json")
	if err != nil {
		t.Fatal(err)
	}
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
	if err := yaml.NewDecoder(bytes.NewReader([]byte(text))).Decode(&document); err != nil {
		t.Fatal(err)
	}
	return document
}

func TestTyeDescribesTheSameSystem(t *testing.T) {
	services := tyeServices(t)
	names := []string{"broker"}
	for app, want := range described(t) {
		program, sidecar := services[app], services[app+"-sidecar"]
		names = append(names, app, app+"-sidecar")
		got := process{path.Base(program.Executable), map[string]string{}, flags(strings.Fields(sidecar.Args))}
		for _, variable := range program.Env {
			got.env[variable.Name] = variable.Value
		}
		expectSame(t, tyeFile+": "+app, got, want)
		for _, s := range []tyeService{program, sidecar} {
			if s.WorkingDirectory != "../" {
				t.Errorf("%s: %s runs in %q, all state is below the root", tyeFile, s.Name, s.WorkingDirectory)
			}
		}
	}
	var listed []string
	for name := range services {
		listed = append(listed, name)
	}
	expectNames(t, tyeFile, listed, names)
}

func TestTyeNamesEveryPort(t *testing.T) {
	services := tyeServices(t)
	for _, app := range system(t).Apps {
		got := map[string]int{}
		for _, binding := range append(services[app.ID].Bindings, services[app.ID+"-sidecar"].Bindings...) {
			got[binding.Name] = binding.Port
		}
		expectSameValues(t, tyeFile+": "+app.ID+": the port", got, app.Ports)
	}
	broker := services["broker"]
	if !broker.External || len(broker.Bindings) != 1 || broker.Bindings[0].Port != secrets.DefaultBrokerPort {
		t.Errorf("%s: the broker is %+v, `stoa run` starts one on port %d", tyeFile, broker, secrets.DefaultBrokerPort)
	}
}
