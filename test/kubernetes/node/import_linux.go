package node

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
)

// Import gives the node an image. Nothing is pulled: an image that was not imported is missing.
func (n *Node) Import(ctx context.Context, image Image) error {
	command := exec.CommandContext(ctx, "ctr", "--address", n.in("containerd.sock"), "--namespace", "k8s.io", "images", "import", "-")
	in, out := io.Pipe()
	go func() { out.CloseWithError(image.archive(out)) }()
	var words bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = in, &words, &words
	err := command.Run()
	in.Close() // an import that has failed does not read to the end
	if err != nil {
		return fmt.Errorf("importing %s: %w: %s", image.Name, err, bytes.TrimSpace(words.Bytes()))
	}
	return nil
}
