package tools

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// How often the state of long builds is printed: on a terminal, where it replaces the last one, and elsewhere.
const (
	redrawEvery = time.Second
	reportEvery = 10 * time.Second
)

// Progress runs go commands, several at once, and says how far they are: how many modules are downloaded and how many packages
// are compiled, of those that may have to be.
type Progress struct {
	out      io.Writer
	terminal bool
	began    time.Time
	stopped  chan struct{}

	mu                  sync.Mutex
	running             int
	modules, downloaded map[string]bool
	packages, compiled  map[string]bool
	written             string // the state that the terminal shows
}

// NewProgress prints to out, until Stop.
func NewProgress(out io.Writer) *Progress {
	p := &Progress{
		out: out, began: time.Now(), stopped: make(chan struct{}),
		modules: map[string]bool{}, downloaded: map[string]bool{}, packages: map[string]bool{}, compiled: map[string]bool{},
	}
	every := reportEvery
	if file, ok := out.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.terminal, every = true, redrawEvery
		}
	}
	go p.report(every)
	return p
}

// Stop ends the reports.
func (p *Progress) Stop() {
	close(p.stopped)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *Progress) report(every time.Duration) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-p.stopped:
			return
		case <-ticks.C:
			p.mu.Lock()
			if p.running > 0 {
				p.clear()
				p.show()
			}
			p.mu.Unlock()
		}
	}
}

func (p *Progress) show() {
	if p.written = p.state(time.Since(p.began)); p.terminal {
		fmt.Fprint(p.out, p.written)
		return
	}
	fmt.Fprintln(p.out, p.written)
}

// clear removes the state from the terminal.
func (p *Progress) clear() {
	if p.terminal && p.written != "" {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.written = ""
	}
}

// say prints a line.
func (p *Progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintf(p.out, format+"\n", args...)
}

// state is what is done after a time, in less than 80 letters. What is cached is among what may have to be done.
func (p *Progress) state(after time.Duration) string {
	seconds := int(after.Seconds())
	text := fmt.Sprintf("  %d:%02d ", seconds/60, seconds%60)
	if n := len(p.downloaded); n > 0 {
		text += fmt.Sprintf(" downloads: %d of up to %d;", n, len(p.modules))
	}
	return text + fmt.Sprintf(" compiled packages: %d of up to %d", len(p.compiled), len(p.packages))
}

// list downloads the modules of packages, and returns the packages with all that they import, unless these are part of Go. A
// flag may precede the packages.
func (p *Progress) list(ctx context.Context, module string, packages ...string) ([]string, error) {
	if err := p.expectModules(module); err != nil {
		return nil, err
	}
	var listed bytes.Buffer
	command := goCommand(ctx, module, append([]string{"list", "-deps", "-f", "{{.Name}} {{.Standard}} {{.ImportPath}}"}, packages...)...)
	command.Stdout = &listed
	if err := p.run(command); err != nil {
		return nil, err
	}
	var libraries []string
	p.mu.Lock()
	defer p.mu.Unlock()
	for line := range strings.Lines(listed.String()) {
		fields := strings.Fields(line)
		p.packages[fields[2]] = true
		if fields[0] != "main" && fields[1] == "false" {
			libraries = append(libraries, fields[2])
		}
	}
	return libraries, nil
}

// required matches a requirement of a go.mod: a module and its version.
var required = regexp.MustCompile(`(?m)^\s+(\S+ v\S+)`)

// expectModules counts the modules that go.mod requires. All are needed: `go mod tidy` removes the others.
func (p *Progress) expectModules(module string) error {
	text, err := os.ReadFile(filepath.Join(module, "go.mod"))
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, match := range required.FindAllSubmatch(text, -1) {
		p.modules[string(match[1])] = true
	}
	return nil
}

// run runs a command and counts what it says that it has done. The error has the other lines that it printed.
func (p *Progress) run(command *exec.Cmd) error {
	lines := &lineReader{take: p.count}
	command.Stderr = lines
	if command.Stdout == nil {
		command.Stdout = lines
	}
	p.add(1)
	defer p.add(-1)
	err := command.Run()
	if err != nil && len(lines.others) > 0 {
		return errors.Join(err, errors.New(strings.Join(lines.others[max(0, len(lines.others)-20):], "\n")))
	}
	return err
}

func (p *Progress) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running += n
}

// count reports whether a line of a go command says that something is done: `go: downloading MODULE VERSION`, or the name of a
// package that is compiled.
func (p *Progress) count(line string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if module, found := strings.CutPrefix(line, "go: downloading "); found {
		p.downloaded[module] = true
		return true
	}
	if p.packages[line] {
		p.compiled[line] = true
		return true
	}
	return false
}

// lineReader gives each line that is written to it to take, and keeps those that take returns false for.
type lineReader struct {
	take   func(line string) bool
	begun  []byte // a line whose end is not written yet
	others []string
}

// Write implements io.Writer.
func (r *lineReader) Write(text []byte) (int, error) {
	r.begun = append(r.begun, text...)
	for {
		line, rest, found := bytes.Cut(r.begun, []byte("\n"))
		if !found {
			return len(text), nil
		}
		if !r.take(string(line)) {
			r.others = append(r.others, string(line))
		}
		r.begun = rest
	}
}

// Programs compiles what programs of the module in root are built from, and then runs a command that links them.
func (p *Progress) Programs(ctx context.Context, root string, packages []string, link *exec.Cmd) error {
	libraries, err := p.list(ctx, root, packages...)
	if err != nil {
		return err
	}
	compile := goCommand(ctx, root, append([]string{"build", "-v", "-trimpath"}, slices.Sorted(slices.Values(libraries))...)...)
	if err := p.run(compile); err != nil {
		return fmt.Errorf("building the programs failed: %w", err)
	}
	p.say("The programs are compiled; linking them.")
	if err := p.run(link); err != nil {
		return fmt.Errorf("linking the programs failed: %w", err)
	}
	return nil
}
