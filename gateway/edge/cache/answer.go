package cache

import (
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"stoa/pkg/common/errs"
	"stoa/pkg/common/web"
)

// answer is an answer to a fetch. It does not change once others see it.
type answer struct {
	status int
	header http.Header
	body   []byte
	// shared says that it is for all callers.
	shared bool
	// born is the time of the question, less the age that the answer had: its age counts from then (RFC 9111, section
	// 4.2.3).
	born time.Time
}

// read reads an answer, and one byte more than may be kept. Errors of services, unless they are pages for people, and answers that
// break off, are errors.
func read(response *http.Response, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "the answer of a service that this needs broke off")
	}
	isPage := strings.HasPrefix(response.Header.Get("Content-Type"), "text/html")
	if response.StatusCode >= http.StatusInternalServerError && !isPage {
		return nil, web.ReadError(response.StatusCode, response.Header, body)
	}
	response.Header.Del("Connection") // it is about the connection to the sidecar
	return &answer{status: response.StatusCode, header: response.Header, body: body}, nil
}

// share makes it an answer for all callers.
func (a *answer) share(asked time.Time) {
	a.shared, a.born = true, asked.Add(-seconds(a.header.Get("Age")))
	a.header.Del("Age")
}

func (a *answer) size() int {
	size := len(a.body)
	for name, values := range a.header {
		size += len(name)
		for _, value := range values {
			size += len(value)
		}
	}
	return size
}

// send answers a request, with 304 if the caller has the answer.
func (a *answer) send(w http.ResponseWriter, r *http.Request, from string) {
	header := w.Header()
	for name, values := range a.header { // beside those that are set for this caller, such as Vary
		header[name] = slices.Concat(header[name], values)
	}
	header.Set(statusHeader, from)
	if from == hit {
		// Rounded up, so that a browser does not add a second to an answer that is almost a second old.
		header.Set("Age", strconv.Itoa(int(math.Ceil(time.Since(a.born).Seconds()))))
	}
	if web.HasCurrent(r.Header.Get("If-None-Match"), a.header.Get("ETag")) {
		header.Del("Content-Type")
		header.Del("Content-Length")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // the caller may have gone away
	}
}
