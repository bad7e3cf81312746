package openapitest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"stoa/pkg/common/web"
	"stoa/pkg/common/web/webtest"
)

// Client is who sends the requests, and may do everything.
type Client struct {
	// SignIn returns the access token for the requests to one operation: those to another may have ended the session.
	SignIn func() string
	// APIKey is sent with every request.
	APIKey string
	// Knows are texts that requests need and no answer tells, such as a password, by the names of their fields.
	Knows map[string][]string
}

// Attack sends so many requests to every operation that the server describes: valid ones, and ones with a mistake. They are
// the same in every run.
func Attack(t *testing.T, server *webtest.Server, client Client, times int) {
	d := read(t, server.Description(t))
	d.check(t)
	g := generator{d, memory{}, client}
	for _, o := range d.operations() {
		t.Run(o.OperationID, func(t *testing.T) {
			a := attack{generator: g, server: server, operation: o}
			a.run(t, times)
		})
	}
}

// attack is the attack on one operation.
type attack struct {
	generator
	server    *webtest.Server
	operation *operation
	statuses  map[int]int // how often each came
}

// maxFaults is how many faults of one operation are reported.
const maxFaults = 5

func (a *attack) run(t *testing.T, times int) {
	a.statuses = map[int]int{}
	token := a.client.SignIn()
	a.readList(t, token)
	drafts := rapid.Custom(func(t *rapid.T) draft { return a.draw(t, a.operation) })
	a.refusesStrangers(t, drafts.Example(0))
	for seed, faults := 0, 0; seed < times && faults < maxFaults; seed++ {
		r := a.encode(t, a.operation, drafts.Example(seed))
		if a.asksFor("bearer") {
			r.Token = token
		}
		if a.asksFor("apiKey") {
			r.Header.Set("X-Api-Key", a.client.APIKey)
		}
		answer := a.send(t, r)
		if err := a.judge(t, r, answer); err != nil {
			faults++
			t.Errorf("%v\n   %s\n   allowed by its description: %t\n   answer: %d %.600s", err, r, r.allowed, answer.Code, answer.Body)
		}
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(a.statuses)), func(status int) bool { return status < 300 }) {
		t.Errorf("no request was accepted: %v", a.statuses)
	}
}

// asksFor reports whether the operation has a security scheme.
func (a *attack) asksFor(scheme string) bool { return a.operation.Security[0][scheme] != nil }

// refusesStrangers fails the test if the operation asks for an access token, and works without.
func (a *attack) refusesStrangers(t *testing.T, d draft) {
	t.Helper()
	if answer := a.send(t, a.encode(t, a.operation, d)); a.asksFor("bearer") && answer.Code != http.StatusUnauthorized {
		t.Errorf("without an access token: got %d %s", answer.Code, answer.Body)
	}
}

// readList reads the list below which the operation is, if there is one, to know what is there now.
func (a *attack) readList(t *testing.T, token string) {
	t.Helper()
	path, _, below := strings.Cut(a.operation.path, "/{")
	if list := a.Paths[path]["get"]; below && list != nil {
		reader := attack{generator: a.generator, operation: list, server: a.server, statuses: map[int]int{}}
		r := request{Request: webtest.Request{Path: path, Token: token}, allowed: true}
		if err := reader.judge(t, r, reader.send(t, r)); err != nil {
			t.Error(err)
		}
	}
}

// As returns the SignIn of a client whose token stays valid.
func As(token string) func() string { return func() string { return token } }

// leaver is a client that leaves once a stream has begun.
type leaver struct {
	*httptest.ResponseRecorder
	leave func()
}

// Flush implements http.Flusher.
func (l leaver) Flush() {
	l.ResponseRecorder.Flush()
	l.leave()
}

func (a *attack) send(t *testing.T, r request) *httptest.ResponseRecorder {
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	answer := leaver{httptest.NewRecorder(), leave}
	a.server.Serve(ctx, answer, r.Request)
	return answer.ResponseRecorder
}

// judge returns what the description does not say about an answer.
func (a *attack) judge(t *testing.T, r request, answer *httptest.ResponseRecorder) error {
	t.Helper()
	a.statuses[answer.Code]++
	body, err := a.described(t, answer)
	switch {
	case err != nil:
		return err
	case answer.Code >= http.StatusInternalServerError:
		return fmt.Errorf("the service failed")
	case !r.allowed && answer.Code < http.StatusBadRequest:
		return fmt.Errorf("the description does not allow this, but it was accepted")
	case r.allowed && answer.Code == http.StatusBadRequest, r.allowed && answer.Code == http.StatusUnsupportedMediaType:
		return fmt.Errorf("the description allows this, but it could not be read")
	case r.allowed && answer.Code == http.StatusUnprocessableEntity:
		return a.reasonNamed(answer)
	case answer.Code < http.StatusBadRequest:
		a.memory.learn(a.operation.path, "", r.body)
		a.memory.learn(a.operation.path, "", body)
	}
	return nil
}

// described returns the body of an answer. It fails unless status, media type and body are described.
func (a *attack) described(t *testing.T, answer *httptest.ResponseRecorder) (any, error) {
	t.Helper()
	status := strconv.Itoa(answer.Code)
	response, ok := a.operation.Responses[status]
	if !ok {
		return nil, fmt.Errorf("the status %s is not described", status)
	}
	if len(response.Content) == 0 {
		if answer.Body.Len() > 0 {
			return nil, fmt.Errorf("no body is described")
		}
		return nil, nil
	}
	mediaType, _, _ := mime.ParseMediaType(answer.Header().Get("Content-Type"))
	if _, ok := response.Content[mediaType]; !ok {
		return nil, fmt.Errorf("the media type %q is not described", mediaType)
	}
	raw := answer.Body.Bytes()
	if strings.HasSuffix(mediaType, "ml") { // of XML and HTML, the schema is no more than a text
		return nil, nil
	}
	if mediaType == "text/event-stream" {
		raw = firstEvent(raw)
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return body, a.fits(t, a.operation.pointer("responses", status, "content", mediaType, "schema"), body)
}

// firstEvent returns the first event of a stream as an object with its fields.
func firstEvent(stream []byte) []byte {
	event := map[string]any{}
	first, _, _ := strings.Cut(string(stream), "\n\n")
	for line := range strings.Lines(first) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		event[name] = value
		if name == "data" {
			event[name] = json.RawMessage(value)
		}
	}
	raw, _ := json.Marshal(event) // what is not JSON in data fails the schema
	return raw
}

var index = regexp.MustCompile(`\[\d+\]`)

// reasonNamed fails unless the description of a refusal names the fields that were refused, or the kind of the problem.
func (a *attack) reasonNamed(answer *httptest.ResponseRecorder) error {
	var problem web.Problem
	if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil {
		return err
	}
	reasons := []string{string(problem.Kind)}
	if len(problem.Errors) > 0 {
		reasons = nil
	}
	for _, field := range problem.Errors {
		reasons = append(reasons, index.ReplaceAllString(field.Name, "[]"))
	}
	text := a.operation.Responses[strconv.Itoa(answer.Code)].Description
	for _, reason := range slices.Compact(reasons) {
		if !strings.Contains(text, "`"+reason+"`") {
			return fmt.Errorf("the description allows this, and names no rule about `%s`", reason)
		}
	}
	return nil
}
