// Command bench measures what Stoa costs, and compares it with other ways to do the same: the null twin, which makes the calls of an
// order and nothing else; the bare shop, which does without sidecars (package minimal has both); and the build of another commit.
// All sides of a comparison run at the same time on one machine and are measured in turns, so that other load on the machine affects
// them alike. Each part of the benchmark has its own file. The results are in docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"stoa/bench/report"
	"stoa/internal/stack"
)

// part is a part of the benchmark. It starts and stops what it measures.
type part struct {
	name    string
	measure func(*bench, context.Context) (report.Part, error)
}

// parts are all parts, in the order in which they run.
var parts = []part{
	{"orders", (*bench).measureOrders},
	{"reads", (*bench).measureReads},
	{"pages", (*bench).measurePages},
	{"start", (*bench).measureStart},
	{"memory", (*bench).measureMemory},
	{"million", (*bench).measureMillion},
	{"blog", (*bench).measureBlog},
	{"search", (*bench).measureSearch},
	{"followers", (*bench).measureFollowers},
	{"workers", (*bench).measureWorkers},
	{"hot", (*bench).measureHot},
	{"watchers", (*bench).measureWatchers},
	{"matrix", (*bench).measureMatrix},
	{"hour", (*bench).measureHour},
}

// usual are the parts that run unless others are chosen: together they take about 45 minutes on two cores.
const usual = "orders,reads,pages,start,memory,million,blog,search,followers,workers,hot,watchers"

// bench is a run of the benchmark.
type bench struct {
	root   string // of the repository
	commit string // that is measured
	dir    string // for the systems that it starts
	pool   stack.PortPool

	base         string // a commit to compare with; "" for none
	rounds       int    // how often each side is measured
	orders       int    // of one measurement
	filled       int    // orders of the large shop
	posts        int    // of the large blog
	followers    int    // of one author
	streams      int    // that are open at once
	servers      string // the pairs of the matrix that are measured
	early, late  time.Duration
	memorySettle time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	b := &bench{}
	chosen := flag.String("parts", usual, "the parts to measure, separated by commas")
	results := flag.String("report", "docs/performance.json", "the file of the results")
	flag.StringVar(&b.base, "base", "", "a commit to compare with")
	flag.IntVar(&b.rounds, "rounds", 5, "how often each side is measured")
	flag.IntVar(&b.orders, "orders", 200, "orders of one measurement")
	flag.IntVar(&b.filled, "filled", 1_000_000, "orders of the large shop of the part million")
	flag.IntVar(&b.posts, "posts", 100_000, "posts of the large blog of the parts blog and search")
	flag.IntVar(&b.followers, "followers", 10_000, "followers of the author of the part followers")
	flag.IntVar(&b.streams, "streams", 1000, "event streams of the part watchers")
	flag.StringVar(&b.servers, "servers", "", "the pairs of the part matrix, such as redis/sqlite, separated by commas")
	flag.DurationVar(&b.early, "early", 5*time.Minute, "the first look of the part hour at the memory")
	flag.DurationVar(&b.late, "late", time.Hour, "its last look")
	flag.DurationVar(&b.memorySettle, "settle", 30*time.Second, "how long the part memory waits until all is idle")
	flag.Parse()
	if b.root, err = filepath.Abs("."); err != nil {
		return err
	}
	if b.commit, err = currentCommit(); err != nil { // before the results change a file
		return err
	}
	if b.dir, err = os.MkdirTemp("", "stoa-bench-"); err != nil {
		return err
	}
	defer func() {
		b.pool.Release()
		err = errors.Join(err, os.RemoveAll(b.dir))
	}()
	selected, err := choose(*chosen)
	if err != nil {
		return err
	}
	return b.run(ctx, selected, *results)
}

// choose returns the parts with these names.
func choose(names string) (chosen []part, err error) {
	for name := range strings.SplitSeq(names, ",") {
		found := false
		for _, p := range parts {
			if p.name == name {
				chosen, found = append(chosen, p), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no part %q", name)
		}
	}
	return chosen, nil
}

// run measures the parts, and writes the results of each as soon as they are known. A part that fails stops no other.
func (b *bench) run(ctx context.Context, selected []part, path string) error {
	var failed []error
	for _, p := range selected {
		if ctx.Err() != nil {
			return errors.Join(append(failed, context.Cause(ctx))...)
		}
		began := time.Now()
		fmt.Printf("\n## %s\n\n", p.name)
		measured, err := p.measure(b, ctx)
		if err == nil {
			fmt.Print(measured.Markdown())
			err = b.keep(p.name, measured, path)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", p.name, err))
			fmt.Println("Failed:", err)
		}
		fmt.Printf("\n(%s)\n", time.Since(began).Round(time.Second))
	}
	all, err := report.Read(path)
	if err == nil {
		fmt.Printf("\n## Targets\n\n%s", all.TargetTable())
	}
	return errors.Join(append(failed, err)...)
}

// keep replaces a part of the report.
func (b *bench) keep(name string, measured report.Part, path string) error {
	all, err := report.Read(path)
	if err != nil {
		return err
	}
	if err := b.describe(&measured); err != nil {
		return err
	}
	all.Parts[name] = measured
	return errors.Join(all.Write(path), report.Generate(path))
}
