package main

import (
	"bytes"
	"net/http"

	"github.com/Kong/go-pdk"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// refuse answers a request with the problem that err is. Kong ends its call of the plugin with it, so it must come last.
func refuse(kong *pdk.PDK, err error, standing http.Header) {
	if kind := errs.KindOf(err); kind == errs.Unavailable || kind == errs.Internal {
		_ = kong.Log.Err(err.Error()) // there is nowhere else to report a failure
	}
	a := &answer{header: standing}
	a.header.Set("Cache-Control", "no-store")
	web.WriteError(a, &http.Request{}, err)
	kong.Response.Exit(a.status, a.body.Bytes(), a.header)
}

// answer is an http.ResponseWriter that keeps the answer.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
