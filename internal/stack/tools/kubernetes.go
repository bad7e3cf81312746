package tools

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Programs are paths of programs, by their names.
type Programs map[string]string

var (
	kubernetes = project{"kubernetes", "k8s.io/kubernetes", "k8s.io/component-base/version.gitVersion=v"}
	helm       = project{"helm", "helm.sh/helm/v3", "helm.sh/helm/v3/internal/version.version=v"}
)

// cluster are the programs of a Kubernetes cluster of one node with Dapr's control plane. They are official: the node's main is
// ours, but only chooses among the official ones.
var cluster = []tool{
	{"node", "the Kubernetes node", "kubernetes", "./node", "", "go.mod", kubernetes},
	{"helm", "helm", "kubernetes", "helm.sh/helm/v3/cmd/helm", "", "go.mod", helm},
	controlPlane("operator"), controlPlane("injector"), controlPlane("placement"), controlPlane("scheduler"), controlPlane("sentry"),
}

// controlPlane is an official program of Dapr's control plane.
func controlPlane(name string) tool {
	return tool{name + "-official", "Dapr's " + name, "dapr-official", "github.com/dapr/dapr/cmd/" + name, "", "go.mod", dapr}
}

// InstallKubernetes builds the programs of a cluster into the cache, and the sidecar with them. It links them into a folder, by
// their usual names.
func InstallKubernetes(ctx context.Context, root, folder string, p *Progress) error {
	for _, t := range cluster {
		if _, err := t.install(ctx, root, p); err != nil {
			return err
		}
	}
	if _, err := InstallDaprd(ctx, root, true, p); err != nil {
		return err
	}
	programs, err := FindKubernetes(root)
	if err != nil {
		return err
	}
	programs["kubectl"] = programs["node"] // which plays the part whose name it has
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, path := range programs {
		link := filepath.Join(folder, name)
		if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Symlink(path, link); err != nil {
			return err
		}
	}
	return nil
}

// FindKubernetes returns the programs of a cluster, which InstallKubernetes has built: node, helm, daprd, and those of Dapr's
// control plane.
func FindKubernetes(root string) (Programs, error) {
	programs := Programs{}
	for _, t := range cluster {
		path, _, err := t.cached(root)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("%s is not built; run `make kubernetes-tools`", t.what)
		}
		programs[filepath.Base(t.source)] = path
	}
	path, err := FindDaprd(root)
	programs["daprd"] = path
	return programs, err
}

// Charts returns the folder of Dapr's official chart: the module of its source has it.
func Charts(ctx context.Context, root string) (string, error) {
	command := goCommand(ctx, filepath.Join(root, "tools", official.module), "list", "-m", "-f", "{{.Dir}}", dapr.path)
	dir, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("the chart of Dapr cannot be found: %w", err)
	}
	return filepath.Join(string(dir[:max(0, len(dir)-1)]), "charts", "dapr"), nil
}
