// Package browser opens the pages of the gateway in a real browser, without a screen.
package browser

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// programs are the names under which systems have the browser. The first one has no part that needs a screen, and takes half the time
// of the processors.
var programs = []string{"chromium-headless-shell", "chromium", "google-chrome"}

// patience is how long a page may take on a machine that is busy.
const patience = time.Minute

// page is what a browser made of a page.
type page struct {
	// dom is the document once all that it asks for has arrived.
	dom string
	// console is what the page's code and the browser about it had to say, such as scripts that it would not run.
	console []string
	// requests are the answers that the browser got, as "200 /docs"; those that would go to another host get none.
	requests []string
}

// open shows a page in a browser of its own, all of whose requests come through here.
func open(t *testing.T, url string) page {
	t.Helper()
	program := find(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	way := &proxy{host: strings.Split(url, "/")[2]}
	server := httptest.NewServer(way)
	defer server.Close()
	arguments := []string{
		"--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-extensions",
		"--disable-features=AutofillServerCommunication",
		"--user-data-dir=" + t.TempDir(), "--proxy-server=" + server.URL, "--proxy-bypass-list=<-loopback>",
		"--enable-logging=stderr", "--dump-dom",
		// Time stands still while something is on its way, so this is no wait: it lets all that follows happen.
		"--virtual-time-budget=10000",
	}
	if os.Geteuid() == 0 { // as root it starts in no other way
		arguments = append(arguments, "--no-sandbox")
	}
	var dom, log bytes.Buffer
	command := exec.CommandContext(ctx, program, append(arguments, url)...)
	command.Stdout, command.Stderr = &dom, &log
	command.WaitDelay = time.Second
	if err := command.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, &log)
	}
	return page{dom: dom.String(), console: consoleOf(log.String()), requests: way.seen()}
}

// ownHosts are those of the browser's maker that it calls whatever it is told. No page here has a reason to.
var ownHosts = []string{
	"accounts.google.com", "android.clients.google.com", "clients2.google.com", "clientservices.googleapis.com",
	"content-autofill.googleapis.com", "edgedl.me.gvt1.com", "mtalk.google.com", "optimizationguide-pa.googleapis.com",
	"redirector.gvt1.com", "safebrowsing.googleapis.com", "safebrowsingohttpgateway.googleapis.com", "update.googleapis.com",
}

// proxy lets requests to one host through and notes all.
type proxy struct {
	host string

	mu       sync.Mutex
	requests []string
}

// ServeHTTP answers for the host that a request is meant for.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect || r.Host != p.host {
		if name, _, _ := strings.Cut(r.Host, ":"); !slices.Contains(ownHosts, name) {
			p.note("no answer: " + r.Host + r.URL.Path)
		}
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	pass := httputil.ReverseProxy{
		Rewrite: func(*httputil.ProxyRequest) {},
		ModifyResponse: func(answer *http.Response) error {
			p.note(fmt.Sprintf("%d %s", answer.StatusCode, r.URL.Path))
			return nil
		},
	}
	pass.ServeHTTP(w, r)
}

func (p *proxy) note(request string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, request)
}

func (p *proxy) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.Sort(p.requests)
	return p.requests
}

// consoleOf picks what concerns the page out of what a browser logs.
func consoleOf(log string) []string {
	var lines []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, ":CONSOLE:") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func find(t *testing.T) string {
	t.Helper()
	for _, name := range programs {
		if program, err := exec.LookPath(name); err == nil {
			return program
		}
	}
	t.Skipf("NOT TESTED: the pages in a browser. Neither %s is installed.", strings.Join(programs, " nor "))
	return ""
}

// The other tests lean on what is noted of a page here.
func TestBrowser_notesRequestsAndComplaints(t *testing.T) {
	const body = `<title>Bad</title><link rel="icon" href="data:,"><img src="http://elsewhere.example/a.png">` +
		`<img src="https://elsewhere.example/b.png"><img src="/missing.png"><script>console.log("it ran")</script>`
	policy := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", policy)
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	for _, tt := range []struct {
		policy            string
		console, requests []string
	}{
		{"", []string{"it ran"},
			[]string{"200 /", "404 /missing.png", "no answer: elsewhere.example/a.png", "no answer: elsewhere.example:443"}},
		{"default-src 'none'", []string{"elsewhere.example/a.png", "missing.png", "inline script"}, []string{"200 /"}},
	} {
		policy = tt.policy
		got := open(t, server.URL+"/")
		for _, want := range tt.console {
			if console := strings.Join(got.console, "\n"); !strings.Contains(console, want) {
				t.Errorf("policy %q: no word of %s in:\n%s", tt.policy, want, console)
			}
		}
		if !slices.Equal(got.requests, tt.requests) {
			t.Errorf("policy %q: got %q, want %q", tt.policy, got.requests, tt.requests)
		}
	}
}
