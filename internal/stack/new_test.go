package stack

import (
	"path/filepath"
	"strings"
	"testing"

	"stoa/internal/stack/description"
)

func TestNew_saysWhatIsWrong(t *testing.T) {
	tests := map[string]struct {
		spoil  func(t *testing.T, root string)
		change func(*Options)
		want   []string
	}{
		"broken component": {
			spoil: func(t *testing.T, root string) {
				write(t, filepath.Join(root, "components/bus/nats/bad.yaml"), "kind: Component\nmetadata:\n name: x\n  y: z\n")
			},
			want: []string{"bad.yaml", "line"},
		},
		"nameless component": {
			spoil: func(t *testing.T, root string) {
				write(t, filepath.Join(root, "components/bus/nats/bad.yaml"), "kind: Component\n")
			},
			want: []string{"bad.yaml", "metadata.name is missing"},
		},
		"no such bus":   {change: func(o *Options) { o.Bus = "pigeon" }, want: []string{"--bus pigeon", "choose one of: nats"}},
		"no store yet":  {change: func(o *Options) { o.Store = "sqlite" }, want: []string{"components/store", "--store"}},
		"no such app":   {change: func(o *Options) { o.Scale = map[string]int{"baker": 2} }, want: []string{"baker", "gateway, worker"}},
		"negative":      {change: func(o *Options) { o.Scale = map[string]int{"worker": -1} }, want: []string{"worker=-1"}},
		"no sidecar":    {change: func(o *Options) { o.Daprd = "/nowhere/daprd" }, want: []string{"/nowhere/daprd"}},
		"not built yet": {change: func(o *Options) { o.Broker = []string{"/nowhere/stoa"} }, want: []string{"the broker", "make build"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			root := fixture(t)
			if test.spoil != nil {
				test.spoil(t, root)
			}
			system, err := description.Load(root)
			if err != nil {
				t.Fatal(err)
			}
			options := fakeOptions(nil)
			if test.change != nil {
				test.change(&options)
			}
			_, err = New(system, options)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}
