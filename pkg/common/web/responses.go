package web

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// The security schemes of the OpenAPI documents. The gateway asks for an API key, and an operation for an access token, whose
// scopes are roles, and verified.
const (
	BearerScheme = "bearer"
	KeyScheme    = "apiKey"
)

// NoKey is the Security of an operation for which the gateway asks no API key.
func NoKey() []map[string][]string { return []map[string][]string{{}} }

// public is the beginning of the paths that the gateway serves.
const public = "/api/"

// canonicalID is the pattern of every id: a UUID in the form that we write.
const canonicalID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

// reasons say when an operation answers with an error that follows from its security and its inputs.
var reasons = map[int]string{
	http.StatusBadRequest:           "The request cannot be read: its URL, a header or its body is malformed, or the body has very many values",
	http.StatusUnauthorized:         "There is no API key or no access token, or it is not valid",
	http.StatusForbidden:            "The API key or the account lacks a permission",
	http.StatusNotFound:             "There is nothing with this id, or the caller may not know that there is",
	http.StatusConflict:             "What is there does not permit this",
	http.StatusPreconditionFailed:   "There is a later version than that of `If-Match`; the problem names it",
	http.StatusUnsupportedMediaType: "The body is not JSON",
	http.StatusUnprocessableEntity:  "The input does not fit its schema",
	http.StatusTooManyRequests:      "There were too many requests",
	http.StatusInternalServerError:  "The service has a defect; its log has the trace id of the problem",
	http.StatusServiceUnavailable:   "Something that the service needs does not answer",
}

// Refusals are the Responses of an operation that refuses requests by rules of its own, with a sentence for each status.
// Those of 422 name the fields, as `name`, whose schema permits more than the rules.
func Refusals(sentences map[int]string) map[string]*huma.Response {
	responses := map[string]*huma.Response{}
	for status, sentence := range sentences {
		responses[strconv.Itoa(status)] = &huma.Response{Description: sentence}
	}
	return responses
}

// complete adds to an operation what follows from its security and inputs: the API key, the limit of its body, checks of its
// query, and its errors. An operation describes only the errors of its own rules, in its Responses.
func complete(description *huma.OpenAPI, op *huma.Operation) {
	delete(op.Responses, "default")
	if op.RequestBody != nil && op.MaxBodyBytes == humaMaxBody {
		op.MaxBodyBytes = DefaultBody
	}
	op.Middlewares = slices.Insert(op.Middlewares, 0, checkQuery)
	onlyCanonicalIDs(description, op)
	expected := expectedErrors(op) // by its own security, without the API key
	if strings.HasPrefix(op.Path, public) {
		expected = append(expected, askForKey(op)...)
	}
	for _, status := range expected {
		if key := strconv.Itoa(status); op.Responses[key] == nil {
			op.Responses[key] = &huma.Response{}
		}
	}
	problem := description.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	for key, response := range op.Responses {
		if status, _ := strconv.Atoi(key); status >= http.StatusBadRequest {
			response.Content = map[string]*huma.MediaType{ProblemType: {Schema: problem}}
			describe(op, status, response)
		}
	}
}

// describe says when an operation answers with an error.
func describe(op *huma.Operation, status int, response *huma.Response) {
	if response.Description == http.StatusText(status) { // huma's own
		response.Description = ""
	}
	switch status {
	case http.StatusUnprocessableEntity:
		response.Description = strings.Join(slices.DeleteFunc(
			[]string{reasons[status], sharedRules(op), response.Description}, func(s string) bool { return s == "" }), ". ")
	case http.StatusRequestEntityTooLarge:
		response.Description = fmt.Sprintf("The body has %d bytes or more", op.MaxBodyBytes)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		response.Headers = map[string]*huma.Header{"Retry-After": {
			Description: "How many seconds to wait", Schema: &huma.Schema{Type: huma.TypeInteger},
		}}
	}
	if response.Description == "" {
		response.Description = reasons[status]
	}
}

// sharedRules are the rules of inputs that many operations have.
func sharedRules(op *huma.Operation) string {
	var rules []string
	if has(op, "query", "cursor") {
		rules = append(rules, "`cursor` does not come from this list")
	}
	if has(op, "header", keyHeader) {
		rules = append(rules, "`idempotency_key_reused`: the key came with another request before")
	}
	return strings.Join(rules, ". ")
}

func has(op *huma.Operation, in, name string) bool {
	return slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == in && (name == "" || p.Name == name) })
}

// expectedErrors returns the statuses that follow from the operation itself. Every operation can be asked for with a malformed
// URL (400) or unknown query parameters (422), may fail (500), and needs something that may be down (503).
func expectedErrors(op *huma.Operation) []int {
	statuses := []int{
		http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusServiceUnavailable,
	}
	if len(op.Security) > 0 && len(op.Security[0]) > 0 {
		statuses = append(statuses, http.StatusUnauthorized)
	}
	if slices.ContainsFunc(op.Security, func(r map[string][]string) bool { return len(r[BearerScheme]) > 0 }) {
		statuses = append(statuses, http.StatusForbidden)
	}
	if op.RequestBody != nil {
		statuses = append(statuses, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if has(op, "header", "If-Match") {
		statuses = append(statuses, http.StatusPreconditionFailed)
	}
	if has(op, "path", "") {
		statuses = append(statuses, http.StatusNotFound)
	}
	return statuses
}

// askForKey adds the API key to the security of an operation, and returns the errors of the gateway.
func askForKey(op *huma.Operation) []int {
	if len(op.Security) == 0 {
		op.Security = []map[string][]string{{KeyScheme: {}}}
	}
	for _, requirement := range op.Security {
		if len(requirement) == 0 { // NoKey
			return []int{http.StatusTooManyRequests}
		}
		requirement[KeyScheme] = []string{}
	}
	return []int{http.StatusTooManyRequests, http.StatusUnauthorized, http.StatusForbidden}
}

// onlyCanonicalIDs adds the pattern of ids to every schema of the format uuid: other forms of the same UUID are not found.
func onlyCanonicalIDs(description *huma.OpenAPI, op *huma.Operation) {
	for _, p := range op.Parameters {
		onlyCanonicalID(p.Schema)
	}
	for _, component := range description.Components.Schemas.Map() {
		for _, property := range component.Properties {
			onlyCanonicalID(property)
		}
	}
}

func onlyCanonicalID(s *huma.Schema) {
	if s.Format == "uuid" && s.Pattern == "" {
		s.Pattern, s.PatternDescription = canonicalID, "a UUID in lower case"
		s.PrecomputeMessages()
	}
}
