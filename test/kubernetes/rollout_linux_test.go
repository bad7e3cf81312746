package kubernetes

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/kubernetes/node"
)

// load is customers who order all the time.
type load struct {
	stop     context.CancelFunc
	over     sync.WaitGroup
	products []client.Product
	refused  atomic.Int64 // how often a customer had to ask again

	mu    sync.Mutex
	taken []client.Placed
}

// loads counts them, for keys that no other has.
var loads atomic.Int64

// startLoad has some customers order until the load is ended.
func startLoad(t *testing.T, shop *client.Shop) *load {
	t.Helper()
	staff, serial := shop.SignIn(t, "staff"), loads.Add(1)
	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop, products: []client.Product{shop.NewProduct(t, staff, 100_000), shop.NewProduct(t, staff, 50)}}
	t.Cleanup(stop)
	for buyer := range 3 {
		customer := shop.SignUp(t)
		l.over.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				order := client.OrderBy(customer, l.products[n%len(l.products)].ID, 1)
				order.Key = fmt.Sprintf("load-%d-%d-%d", serial, buyer, n)
				l.place(t, shop, order)
				time.Sleep(50 * time.Millisecond) // a pace, so that the update has some of the machine
			}
		})
	}
	return l
}

// place sends an order once, and again as a good client does if it is refused.
func (l *load) place(t *testing.T, shop *client.Shop, order client.Request) {
	if answer, err := shop.Do(t.Context(), order); err != nil || answer.Status != 201 {
		t.Logf("%s: the order %s is refused: %s %v", time.Now().Format(time.TimeOnly), order.Key, answer, err)
		l.refused.Add(1)
	}
	placed, err := shop.Insist(t.Context(), order) // the same answer for the same key
	if err != nil {
		t.Errorf("the order %s: %v", order.Key, err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken = append(l.taken, placed)
}

// end ends the load and compares its books.
func (l *load) end(t *testing.T, shop *client.Shop) {
	t.Helper()
	l.stop()
	l.over.Wait()
	t.Logf("%d orders were taken, %d times one was refused: %v", len(l.taken), l.refused.Load(), shop.Books(t, l.taken, l.products...))
	if len(l.taken) < 10 {
		t.Errorf("only %d orders were placed meanwhile", len(l.taken))
	}
	if n := l.refused.Load(); n > 0 {
		t.Errorf("%d requests failed", n)
	}
}

// Everything is replaced by another build and back, while customers order: no keyed request fails.
func TestRollout_failsNoRequest(t *testing.T) {
	c, shop := shared, shared.shop
	if c.node != nil {
		must.Do(t, c.importBase(t.Context()))
	}
	load := startLoad(t, shop)
	for _, step := range []struct {
		what string
		do   func() (string, error)
	}{
		{"the other build", func() (string, error) { return c.helmOn(t.Context(), "upgrade", baseBuild) }},
		{"this build again", func() (string, error) { return c.helmOn(t.Context(), "upgrade", thisBuild) }},
		{"the other build, by helm rollback", func() (string, error) {
			return c.Helm(t.Context(), "rollback", release, "--namespace", namespace, "--wait", "--timeout", patience.String())
		}},
		{"this build at last", func() (string, error) { return c.helmOn(t.Context(), "upgrade", thisBuild) }},
	} {
		began := time.Now()
		must.Get(step.do())(t)
		c.awaitReady(t)
		t.Logf("%s runs after %.1f s", step.what, time.Since(began).Seconds())
	}
	load.end(t, shop)
	for _, p := range c.appPods(t, "") {
		for _, container := range p.Spec.Containers {
			if container.Image == imageName("apps", baseBuild) {
				t.Errorf("%s still runs %s", p.Metadata.Name, container.Image)
			}
		}
	}
}

// importBase builds the images of another commit, or gives ours another name.
func (c *cluster) importBase(ctx context.Context) error {
	root := c.root
	if *base != "" {
		root = filepath.Join(c.dir, "base")
		if err := c.command(ctx, "git", "-C", c.root, "worktree", "add", "--detach", root, *base); err != nil {
			return err
		}
		defer func() {
			_ = c.command(context.WithoutCancel(ctx), "git", "-C", c.root, "worktree", "remove", "--force", root)
		}()
		// By our Makefile: an older one may not have this target.
		if err := c.command(ctx, "make", "-C", root, "-f", filepath.Join(c.root, "Makefile"), "image-folders"); err != nil {
			return err
		}
	}
	for _, name := range []string{"apps", "sidecar"} {
		image, err := node.Dockerfile(imageName(name, baseBuild), filepath.Join(root, "deploy", name+".Dockerfile"), filepath.Join(root, "bin", "image", name))
		if err != nil {
			return err
		}
		if err := c.node.Import(ctx, image); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) command(ctx context.Context, name string, args ...string) error {
	if out, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
	}
	return nil
}
