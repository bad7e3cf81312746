// Command fakeapp replaces an app in the tests of the stack, or a sidecar when it has the arguments of one: it answers probes,
// counts calls by path in .stoa/calls-<path>, and fails on request.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

func main() {
	if reason := os.Getenv("FAKE_FAILS"); reason != "" && os.Getenv("APP_ID") == os.Getenv("FAKE_APP") {
		fmt.Printf(`{"level":"fatal","time":%q,"message":%q}`+"\n", time.Now().Format(time.RFC3339Nano), reason)
		os.Exit(1)
	}
	server := &http.Server{Addr: "127.0.0.1:" + port(), Handler: routes()}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	go func() {
		if err := server.ListenAndServe(); err != http.ErrServerClosed {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}()
	<-ctx.Done()
	note("stopped", port()+"\n")
	if os.Getenv("FAKE_IGNORES_TERM") != "" {
		select {}
	}
	_ = server.Shutdown(context.Background())
}

// port is the port to listen on: an argument of a sidecar, a variable of an app.
func port() string {
	if i := slices.Index(os.Args, "--dapr-http-port"); i > 0 {
		return os.Args[i+1]
	}
	return cmp.Or(os.Getenv("PROBE_PORT"), os.Getenv("APP_PORT"))
}

func routes() *http.ServeMux {
	mux := http.NewServeMux()
	fine := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "{}") }
	for _, probe := range []string{"GET /healthz", "GET /readyz", "GET /v1.0/healthz/outbound"} {
		mux.HandleFunc(probe, fine)
	}
	// /die ends the process while it handles its first call, /slow takes longer than a caller waits.
	mux.HandleFunc("/die", func(w http.ResponseWriter, r *http.Request) {
		if count(r) == 1 {
			os.Exit(7)
		}
		fine(w, r)
	})
	mux.HandleFunc("/count", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, count(r))
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		count(r)
		time.Sleep(2 * time.Second)
		fine(w, r)
	})
	return mux
}

// count counts a call and returns the number of calls.
func count(r *http.Request) int64 {
	_, _ = io.Copy(io.Discard, r.Body)
	return note("calls-"+r.URL.Path[1:], ".")
}

// note appends to a file and returns its size.
func note(name, text string) int64 {
	file, err := os.OpenFile(".stoa/"+name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	_, _ = file.WriteString(text)
	info, _ := file.Stat()
	return info.Size()
}
