package node

import (
	"archive/tar"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Image is an image of one layer, FROM scratch.
type Image struct {
	Name             string
	User, WorkingDir string
	Entrypoint       []string
	Files            []File
}

// File is a file in an image, or an empty folder, which is From nowhere.
type File struct {
	Path, From string
	UID        int
	Mode       fs.FileMode // of a folder
}

// The names of the formats (github.com/opencontainers/image-spec).
const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar"
)

// Dockerfile reads an image FROM scratch whose files are in a folder. It knows the instructions of ours.
func Dockerfile(name, file, folder string) (Image, error) {
	image := Image{Name: name}
	text, err := os.ReadFile(file)
	if err != nil {
		return image, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0, strings.HasPrefix(line, "#"), strings.Join(fields, " ") == "FROM scratch":
		case fields[0] == "USER":
			image.User = fields[1]
		case fields[0] == "WORKDIR":
			image.WorkingDir = fields[1]
		case fields[0] == "ENTRYPOINT":
			if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "ENTRYPOINT")), &image.Entrypoint); err != nil {
				return image, fmt.Errorf("%s: %w", file, err)
			}
		case fields[0] == "COPY":
			if err := image.copy(folder, fields[1:]); err != nil {
				return image, err
			}
		default:
			return image, fmt.Errorf("%s: the instruction %q is unknown", file, fields[0])
		}
	}
	known := func(f File) bool { return f.Path == image.WorkingDir }
	if image.WorkingDir != "" && !slices.ContainsFunc(image.Files, known) {
		image.Files = append(image.Files, File{Path: image.WorkingDir, Mode: 0o755})
	}
	return image, nil
}

// copy is COPY [--chown=USER:GROUP] SOURCE... TARGET.
func (i *Image) copy(folder string, args []string) error {
	uid := 0
	if owner, found := strings.CutPrefix(args[0], "--chown="); found {
		if _, err := fmt.Sscanf(owner, "%d:", &uid); err != nil {
			return err
		}
		args = args[1:]
	}
	sources, target := args[:len(args)-1], args[len(args)-1]
	for _, source := range sources {
		top := filepath.Join(folder, source)
		info, err := os.Stat(top)
		if err != nil {
			return err
		}
		under := target
		if !info.IsDir() {
			under = path.Join(target, path.Base(source))
		}
		err = filepath.WalkDir(top, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			inner, _ := filepath.Rel(top, name) // it is below top
			file := File{Path: path.Join(under, filepath.ToSlash(inner)), From: name, UID: uid}
			if entry.IsDir() {
				info, err := entry.Info()
				if err != nil || file.Path == "/" {
					return err
				}
				file.From, file.Mode = "", info.Mode().Perm()
			}
			i.Files = append(i.Files, file)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// archive writes the image as an OCI archive. The programs are read twice, since their digest comes first.
func (i Image) archive(out io.Writer) error {
	layer := &counter{hash: sha256.New()}
	if err := i.layer(layer); err != nil {
		return err
	}
	settings := map[string]any{"User": cmp.Or(i.User, "65532:65532"), "WorkingDir": cmp.Or(i.WorkingDir, "/"), "Entrypoint": i.Entrypoint}
	config := marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "config": settings,
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{layer.digest()}},
	})
	manifest := marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": descriptor(configType, config),
		"layers": []any{map[string]any{"mediaType": layerType, "digest": layer.digest(), "size": layer.size}},
	})
	entry := descriptor(manifestType, manifest)
	entry["annotations"] = map[string]string{"io.containerd.image.name": i.Name}

	archive := tar.NewWriter(out)
	put := func(name string, data []byte) error {
		if err := archive.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o644}); err != nil {
			return err
		}
		_, err := archive.Write(data)
		return err
	}
	for _, file := range []struct {
		name string
		data []byte
	}{
		{"oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{"index.json", marshal(map[string]any{"schemaVersion": 2, "manifests": []any{entry}})},
		{blob(digest(manifest)), manifest},
		{blob(digest(config)), config},
	} {
		if err := put(file.name, file.data); err != nil {
			return err
		}
	}
	if err := archive.WriteHeader(&tar.Header{Name: blob(layer.digest()), Size: layer.size, Mode: 0o644}); err != nil {
		return err
	}
	if err := i.layer(archive); err != nil {
		return err
	}
	return archive.Close()
}

// layer writes the files as a tar archive, the same one each time.
func (i Image) layer(out io.Writer) error {
	archive := tar.NewWriter(out)
	for _, file := range i.Files {
		header := &tar.Header{Name: strings.TrimPrefix(path.Clean(file.Path), "/"), Uid: file.UID, Gid: file.UID}
		if file.From == "" {
			header.Typeflag, header.Mode, header.Name = tar.TypeDir, int64(file.Mode), header.Name+"/"
			if err := archive.WriteHeader(header); err != nil {
				return err
			}
			continue
		}
		if err := addFile(archive, header, file.From); err != nil {
			return err
		}
	}
	return archive.Close()
}

func addFile(archive *tar.Writer, header *tar.Header, from string) error {
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	header.Size, header.Mode = info.Size(), int64(info.Mode().Perm())
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(archive, file)
	return err
}

// counter is a writer that only counts and hashes.
type counter struct {
	hash hash.Hash
	size int64
}

// Write implements io.Writer.
func (c *counter) Write(data []byte) (int, error) {
	c.size += int64(len(data))
	return c.hash.Write(data)
}

func (c *counter) digest() string { return "sha256:" + hex.EncodeToString(c.hash.Sum(nil)) }

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func blob(digest string) string { return "blobs/sha256/" + strings.TrimPrefix(digest, "sha256:") }

func descriptor(media string, data []byte) map[string]any {
	return map[string]any{"mediaType": media, "digest": digest(data), "size": len(data)}
}

// marshal cannot fail: it gets maps of strings and numbers.
func marshal(value any) []byte {
	text, _ := json.Marshal(value)
	return text
}
