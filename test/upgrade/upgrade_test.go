// Package upgrade runs an earlier build of Stoa, this one on what it has left, and the earlier one again; then both side by side.
// `make upgrade-test` names the earlier build.
package upgrade

import (
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stoa/internal/builds"
	"stoa/internal/stack"
	"stoa/internal/stack/description"
	"stoa/internal/stack/tools"
	"stoa/pkg/common/must"
	"stoa/test/client"
	"stoa/test/system"
)

var (
	base   = flag.String("base", "", "the commit of the earlier build")
	former = flag.Bool("former", false, "the earlier build runs on the sidecar of Dapr's version before, in the place of its own")
)

// both are the earlier build and this one.
func both(t *testing.T) (earlier, this build) {
	t.Helper()
	if *base == "" {
		t.Skip("NOT TESTED: upgrades. `make upgrade-test` names an earlier build.")
	}
	root := system.Root(t)
	out, err := exec.Command("git", "-C", root, "rev-parse", "--verify", "--quiet", *base+"^{commit}").Output()
	if err != nil {
		t.Skipf("NOT TESTED: upgrades. This clone does not have the commit %s.", *base)
	}
	commit := strings.TrimSpace(string(out))
	checkout := filepath.Join(root, "bin", "base", commit)
	must.Do(t, builds.Checkout(t.Context(), root, commit, checkout))
	earlier, this = buildIn(t, commit[:7], checkout), buildIn(t, "this build", root)
	if *former {
		earlier.daprd = must.Get(tools.FindFormerDaprd(root))(t)
	}
	t.Logf("%s runs on %s, this build on %s", earlier.name, earlier.sidecar(), this.sidecar())
	return earlier, this
}

// consumers are the apps that are frozen, so that events wait for them.
var consumers = []string{"order-worker", "notification", "backoffice"}

// leaveWaiting orders and writes while nobody handles events: at last not even those that reserve stock.
func leaveWaiting(t *testing.T, h *home, shop *client.Shop, b *books) {
	t.Helper()
	b.submit(t, shop)
	h.freeze(t, consumers...)
	b.order(t, shop, 10)
	h.freeze(t, "inventory-worker")
	late := b.orderAtKnownPrice(t, shop, 10)
	b.submit(t, shop)
	t.Logf("10 orders wait for order-worker, %d for inventory-worker, two posts for notification", late)
	for _, order := range b.orders[len(b.orders)-10-late:] {
		if status := shop.Order(t, b.customer, order.ID).Status; status != "pending" {
			t.Fatalf("the order %s is %s; it was to wait", order.ID, status)
		}
	}
}

// Whatever an earlier build has stored and published, this one reads and finishes; and the earlier one what this one has, as long as
// no form is new.
func TestUpgrade_readsAndFinishesWhatTheOtherBuildLeft(t *testing.T) {
	earlier, this := both(t)
	h, b := newHome(t), &books{}

	shop := h.start(t, earlier)
	b.signIn(t, shop)
	shop.KnownEditor(t, b.author)
	b.order(t, shop, 5)
	b.submit(t, shop)
	b.publish(t, shop)
	b.ship(t, shop)
	b.balance(t, h, shop)
	leaveWaiting(t, h, shop, b)
	h.stop(t)
	before := h.stored(t)

	shop = h.start(t, this)
	b.signIn(t, shop)
	b.balance(t, h, shop)
	b.publish(t, shop)
	b.ship(t, shop)
	b.order(t, shop, 5)
	b.balance(t, h, shop)
	t.Logf("this build has finished what %s left: %d orders, %d posts", earlier.name, len(b.orders), len(b.published))
	leaveWaiting(t, h, shop, b)
	h.stop(t)

	if later := unreadable(before, h.stored(t)); len(later) > 0 {
		t.Logf("NOT TESTED: the way back. %s cannot read what this build has stored: %s", earlier.name, strings.Join(later, "; "))
		return
	}
	shop = h.start(t, earlier)
	b.signIn(t, shop)
	b.balance(t, h, shop)
	b.publish(t, shop)
	b.ship(t, shop)
	b.order(t, shop, 5)
	b.balance(t, h, shop)
	h.stop(t)
	t.Logf("%s has finished what this build left: %d orders, %d posts", earlier.name, len(b.orders), len(b.published))
}

// Replicas of both builds work side by side, and no order is lost or refused for good while each process is replaced, there and back.
func TestUpgrade_rollsUnderLoad(t *testing.T) {
	earlier, this := both(t)
	h, b := newHome(t), &books{}
	shop := h.start(t, earlier, "--scale", twoOfEach(t, earlier))
	b.signIn(t, shop)
	orders := orderOn(t, shop, b.product)
	before := h.stored(t)
	for _, step := range []struct{ from, to build }{{earlier, this}, {this, earlier}} {
		if later := unreadable(before, h.stored(t)); step.to == earlier && len(later) > 0 {
			t.Logf("NOT TESTED: the way back. %s cannot read what this build has stored: %s", earlier.name, strings.Join(later, "; "))
			break
		}
		roll(t, h, step.from, step.to, orders)
	}
	b.orders = orders.stop(t)
	statuses := shop.Decided(t, b.orders)
	t.Logf("%d orders were taken while every process was replaced: %v", len(b.orders), statuses)
	if statuses["confirmed"] != len(b.orders) {
		t.Errorf("got %v for %d orders", statuses, len(b.orders))
	}
	shop.AwaitStock(t, b.product.ID, client.Product{Stock: stock, Available: stock - len(b.orders), Reserved: len(b.orders)})
	h.stop(t)
}

// twoOfEach is the flag for two replicas of each app that can have them: all but the gateway, which has the public port.
func twoOfEach(t *testing.T, b build) string {
	t.Helper()
	var scaled []string
	for _, app := range must.Get(description.Load(b.root))(t).IDs() {
		if app != "gateway" {
			scaled = append(scaled, app+"=2")
		}
	}
	return strings.Join(scaled, ",")
}

// sideBySide is how many orders are taken while builds run side by side, and after that.
const sideBySide = 50

// roll replaces the second replica of each app and its sidecar, then all others.
func roll(t *testing.T, h *home, from, to build, orders *load) {
	t.Helper()
	h.replace(t, to)
	for _, second := range []bool{true, false} {
		h.renew(t, h.processes(t, func(p stack.Process) bool { return (p.Replica == 2) == second }))
		orders.await(t, sideBySide)
		for _, p := range h.processes(t, func(stack.Process) bool { return true }) {
			if p.Replica == 2 || !second {
				to.runs(t, p)
			} else {
				from.runs(t, p)
			}
		}
	}
	t.Logf("every process is that of %s", to.name)
}

// runs expects that a process is that of a build.
func (b build) runs(t *testing.T, p stack.Process) {
	t.Helper()
	program := must.Get(filepath.EvalSymlinks(fmt.Sprintf("/proc/%d/exe", p.PID)))(t)
	if program != b.daprd && program != filepath.Join(b.root, "bin", filepath.Base(program)) {
		t.Errorf("%s runs %s, which is not of %s", p.Name, program, b.name)
	}
}
