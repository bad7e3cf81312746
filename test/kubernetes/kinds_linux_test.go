package kubernetes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
)

// kinds are the definitions of kinds that the chart uses where their operators are: from the modules of their makers, whose
// checksums are in testdata/kinds. Of the operators, only KEDA runs, in the tests of scaling.
var kinds = map[string][]string{
	"github.com/kedacore/keda/v2@v2.21.0":                        {"config/crd/bases/keda.sh_scaledobjects.yaml"},
	"github.com/external-secrets/external-secrets@v0.20.4":       {"config/crds/bases/external-secrets.io_externalsecrets.yaml"},
	"github.com/prometheus-operator/prometheus-operator@v0.88.0": {"example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml"},
}

// defineKinds lets the API server check objects of these kinds.
func (c *cluster) defineKinds(ctx context.Context) error {
	for module, files := range kinds {
		command := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
		command.Dir = filepath.Join("testdata", "kinds")
		out, err := command.Output()
		var found struct{ Dir, Error string }
		if decodeErr := json.NewDecoder(bytes.NewReader(out)).Decode(&found); decodeErr != nil && !errors.Is(decodeErr, io.EOF) {
			return decodeErr
		}
		if err != nil {
			return fmt.Errorf("%s: %w: %s", module, err, found.Error)
		}
		for _, file := range files {
			path := filepath.Join(found.Dir, file)
			if _, err := c.Kubectl(ctx, "apply", "--server-side", "--filename", path); err != nil {
				return err
			}
			if _, err := c.Kubectl(ctx, "wait", "--for=condition=Established", "--timeout=1m", "--filename", path); err != nil {
				return err
			}
		}
	}
	return nil
}
