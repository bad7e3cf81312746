package errs

import "net/http"

// statuses is the one table of HTTP statuses. pkg/common/rpc has the gRPC codes.
var statuses = map[Kind]int{
	Invalid:          http.StatusUnprocessableEntity,
	Malformed:        http.StatusBadRequest,
	Unauthenticated:  http.StatusUnauthorized,
	Forbidden:        http.StatusForbidden,
	Unverified:       http.StatusForbidden,
	NotFound:         http.StatusNotFound,
	MethodNotAllowed: http.StatusMethodNotAllowed,
	Conflict:         http.StatusConflict,
	Outdated:         http.StatusPreconditionFailed,
	KeyReused:        http.StatusUnprocessableEntity,
	TooLarge:         http.StatusRequestEntityTooLarge,
	UnsupportedMedia: http.StatusUnsupportedMediaType,
	RateLimited:      http.StatusTooManyRequests,
	Unavailable:      http.StatusServiceUnavailable,
	Internal:         http.StatusInternalServerError,
}

// HTTPStatus returns the status code that stands for the kind; an unknown kind is a defect of ours, 500.
func (k Kind) HTTPStatus() int {
	if status, ok := statuses[k]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// Known reports whether k is one of the kinds of this package.
func (k Kind) Known() bool {
	_, ok := statuses[k]
	return ok
}

// KindOfStatus returns the kind that fits an HTTP status best, for programs that send no kind.
func KindOfStatus(status int) Kind {
	switch status {
	case http.StatusUnprocessableEntity:
		return Invalid
	case http.StatusForbidden:
		return Forbidden
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return Unavailable
	}
	for kind, s := range statuses {
		if s == status {
			return kind
		}
	}
	if status >= 400 && status < 500 {
		return Malformed
	}
	return Internal
}
