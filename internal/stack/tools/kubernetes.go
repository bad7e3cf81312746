package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Programs are paths of programs, by their names.
type Programs map[string]string

var (
	kubernetes = project{"kubernetes", "k8s.io/kubernetes", "k8s.io/component-base/version.gitVersion=v"}
	helm       = project{"helm", "helm.sh/helm/v3", "helm.sh/helm/v3/internal/version.version=v"}
	keda       = project{"keda", "github.com/kedacore/keda/v2", "github.com/kedacore/keda/v2/version.Version="}
	metrics    = project{"metrics-server", "sigs.k8s.io/metrics-server", "k8s.io/client-go/pkg/version.gitVersion=v"}
)

// cluster are the programs of a Kubernetes cluster of one node with Dapr's control plane. They are official: the node's main is
// ours, but only chooses among the official ones.
var cluster = []tool{
	{"node", "the Kubernetes node", "kubernetes", "./node", "", "go.mod", kubernetes},
	{"helm", "helm", "kubernetes", "helm.sh/helm/v3/cmd/helm", "", "go.mod", helm},
	controlPlane("operator"), controlPlane("injector"), controlPlane("placement"), controlPlane("scheduler"), controlPlane("sentry"),
}

// scalers are the official programs by which a cluster scales apps.
var scalers = []tool{
	{"keda", "KEDA's operator", "kubernetes-scale", "github.com/kedacore/keda/v2/cmd/operator", "", "go.mod", keda},
	{"keda-adapter", "KEDA's metrics adapter", "kubernetes-scale", "github.com/kedacore/keda/v2/cmd/adapter", "", "go.mod", keda},
	{"metrics-server", "metrics-server", "kubernetes-scale", "sigs.k8s.io/metrics-server/cmd/metrics-server", "", "go.mod", metrics},
}

// controlPlane is an official program of Dapr's control plane.
func controlPlane(name string) tool {
	return tool{name + "-official", "Dapr's " + name, "dapr-official", "github.com/dapr/dapr/cmd/" + name, "", "go.mod", dapr}
}

// InstallKubernetes builds the programs of a cluster into the cache, and the sidecar with them. It links them into a folder, by
// their usual names.
func InstallKubernetes(ctx context.Context, root, folder string, p *Progress) error {
	if err := install(ctx, root, cluster, p); err != nil {
		return err
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

// InstallScalers builds the programs that scale apps into the cache.
func InstallScalers(ctx context.Context, root string, p *Progress) error {
	return install(ctx, root, scalers, p)
}

func install(ctx context.Context, root string, all []tool, p *Progress) error {
	for _, t := range all {
		if _, err := t.install(ctx, root, p); err != nil {
			return err
		}
	}
	return nil
}

// FindKubernetes returns the programs of a cluster, which InstallKubernetes has built: node, helm, daprd, and those of Dapr's
// control plane.
func FindKubernetes(root string) (Programs, error) {
	programs, err := find(root, cluster, "make kubernetes-tools")
	if err != nil {
		return nil, err
	}
	programs["daprd"], err = FindDaprd(root)
	return programs, err
}

// FindScalers returns the programs that InstallScalers has built: keda, keda-adapter and metrics-server.
func FindScalers(root string) (Programs, error) {
	return find(root, scalers, "bin/stoa tools --scalers")
}

// find returns programs that a command builds.
func find(root string, all []tool, command string) (Programs, error) {
	programs := Programs{}
	for _, t := range all {
		path, _, err := t.cached(root)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("%s is not built; run `%s`", t.what, command)
		}
		programs[strings.TrimSuffix(t.name, "-official")] = path
	}
	return programs, nil
}

// Charts returns the folder of Dapr's official chart: the module of its source has it.
func Charts(ctx context.Context, root string) (string, error) {
	dir, err := moduleFolder(ctx, root, official.module, dapr)
	return filepath.Join(dir, "charts", "dapr"), err
}

// Manifests returns the folders of the official manifests of KEDA, without its webhooks, and of metrics-server.
func Manifests(ctx context.Context, root string) (ofKEDA, ofMetrics string, err error) {
	if ofKEDA, err = moduleFolder(ctx, root, scalers[0].module, keda); err != nil {
		return "", "", err
	}
	ofMetrics, err = moduleFolder(ctx, root, scalers[0].module, metrics)
	return filepath.Join(ofKEDA, "config", "minimal"), filepath.Join(ofMetrics, "manifests", "base"), err
}

// moduleFolder is the one of the module of a project, which a module below tools/ requires. It is downloaded if it is not there: it may
// have been removed since the programs were built.
func moduleFolder(ctx context.Context, root, module string, from project) (string, error) {
	out, err := goCommand(ctx, filepath.Join(root, "tools", module), "mod", "download", "-json", from.path).Output()
	var found struct{ Dir, Error string }
	if err := errors.Join(err, json.Unmarshal(out, &found)); err != nil {
		return "", fmt.Errorf("the module %s cannot be found: %w %s", from.path, err, found.Error)
	}
	return found.Dir, nil
}
