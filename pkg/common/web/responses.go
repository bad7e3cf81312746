package web

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// describeErrors adds to the description of an operation the errors that follow from its security and its inputs. The
// operation itself lists only what its own rules add, such as a conflict.
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

// expectedErrors lists the statuses: every operation refuses unknown query parameters, may fail, and needs something that
// may be down.
func expectedErrors(op *huma.Operation) []int {
	statuses := []int{http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusServiceUnavailable}
	if len(op.Security) > 0 {
		statuses = append(statuses, http.StatusUnauthorized)
	}
	if asksForRole(op) {
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

func asksForRole(op *huma.Operation) bool {
	for _, requirement := range op.Security {
		for _, roles := range requirement {
			if len(roles) > 0 {
				return true
			}
		}
	}
	return false
}
