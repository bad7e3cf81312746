package web

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// BearerScheme is the name of the security scheme of access tokens in OpenAPI. Its scopes are roles, and verified.
const BearerScheme = "bearer"

// describeErrors adds to the OpenAPI document the errors that follow from the security and inputs of an operation. The
// operation lists only the errors of its own rules, such as a conflict.
func describeErrors(description *huma.OpenAPI, op *huma.Operation) {
	delete(op.Responses, "default")
	problem := description.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	for _, status := range expectedErrors(op) {
		key := strconv.Itoa(status)
		if op.Responses[key] != nil {
			continue
		}
		op.Responses[key] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{ProblemType: {Schema: problem}},
		}
	}
}

// expectedErrors returns the statuses of these errors. Every operation refuses unknown query parameters (422), may fail (500),
// and needs something that may be down (503).
func expectedErrors(op *huma.Operation) []int {
	statuses := []int{http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusServiceUnavailable}
	if len(op.Security) > 0 {
		statuses = append(statuses, http.StatusUnauthorized)
	}
	if slices.ContainsFunc(op.Security, func(r map[string][]string) bool { return len(r[BearerScheme]) > 0 }) {
		statuses = append(statuses, http.StatusForbidden)
	}
	if op.RequestBody != nil {
		statuses = append(statuses, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == "path" }) {
		statuses = append(statuses, http.StatusNotFound)
	}
	return statuses
}
