package node

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"

	"stoa/internal/stack/tools"
)

// What the files in config are templates of.
const (
	// Address is the node's, for its pods and for the test.
	Address = "10.99.0.10"
	// Name is the node's.
	Name = "node1"

	pause = "localhost/stoa/pause:1"
)

//go:embed config
var templates embed.FS

// settings are what the parts of the node are told.
type settings struct {
	Dir      string
	Cgroup   string
	Programs tools.Programs
	Runc     string
	CNI      string // the folder of the network plugins
}

// Of the templates.
func (s settings) Address() string   { return Address }
func (s settings) Name() string      { return Name }
func (s settings) Pause() string     { return pause }
func (s settings) Volumes() []string { return []string{"disk-1", "disk-2", "disk-3", "disk-4"} }

func (s settings) in(elements ...string) string {
	return filepath.Join(s.Dir, filepath.Join(elements...))
}

// Missing says what this machine lacks for a node, nil if nothing.
func Missing(root string) error {
	if os.Getuid() != 0 {
		return errors.New("only root may make a node's namespaces")
	}
	_, err := find(root, "")
	return err
}

// find looks for the programs of a node.
func find(root, dir string) (settings, error) {
	programs, err := tools.FindKubernetes(root)
	if err != nil {
		return settings{}, err
	}
	programs["pod"] = filepath.Join(root, "bin", "pod")
	s := settings{Dir: dir, Cgroup: fmt.Sprint(cgroupPrefix, os.Getpid()), Programs: programs}
	for _, name := range []string{"containerd", "containerd-shim-runc-v2", "ctr", "iptables", "ip", "mount"} {
		if _, err := exec.LookPath(name); err != nil {
			return s, fmt.Errorf("%w; run `make kubernetes-tools`", err)
		}
	}
	if s.Runc, err = exec.LookPath("runc"); err != nil {
		return s, fmt.Errorf("%w; run `make kubernetes-tools`", err)
	}
	for _, folder := range []string{"/usr/lib/cni", "/opt/cni/bin"} {
		if _, err := os.Stat(filepath.Join(folder, "bridge")); err == nil {
			s.CNI = folder
			return s, nil
		}
	}
	return s, errors.New("there are no network plugins (Debian: containernetworking-plugins); run `make kubernetes-tools`")
}

// write writes the settings, and the files that follow from them.
func (s settings) write() error {
	for _, folder := range []string{"cni", "log", "pods", "plugins", "sbin", "kubelet", "var", "sysctl"} {
		if err := os.MkdirAll(s.in(folder), 0o755); err != nil {
			return err
		}
	}
	for _, volume := range s.Volumes() {
		if err := os.MkdirAll(s.in("volumes", volume), 0o755); err != nil {
			return err
		}
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(s.in(settingsFile), text, 0o600),
		os.Symlink("/bin/true", s.in("sbin", "modprobe")), // the kernel's modules are the machine's
		s.writeTemplates(), writePKI(s.in("pki")))
}

func (s settings) writeTemplates() error {
	files, err := fs.Sub(templates, "config")
	if err != nil {
		return err
	}
	all, err := template.ParseFS(files, "*")
	if err != nil {
		return err
	}
	for _, t := range all.Templates() {
		path := s.in(t.Name())
		if t.Name() == "pods.conflist" {
			path = s.in("cni", t.Name())
		}
		file, err := os.Create(path)
		if err != nil {
			return err
		}
		if err := errors.Join(t.Execute(file, s), file.Close()); err != nil {
			return err
		}
	}
	return nil
}
