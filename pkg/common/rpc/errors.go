// Package rpc is the gRPC of all processes: errors keep their kind across the wire, and a server checks the app token and
// continues the trace. For each unary call it also writes one log line, and it survives a panic.
package rpc

import (
	"cmp"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"stoa/pkg/common/errs"
)

// domain marks the error details as ours.
const domain = "stoa"

// ToStatus turns any error into a gRPC status that carries its kind, its fields and how long to wait.
func ToStatus(err error) error {
	if err == nil {
		return nil
	}
	e := errs.From(err)
	message := e.Message
	if e.Kind == errs.Internal {
		message = "something went wrong on our side"
	}
	violations := &errdetails.BadRequest{}
	for _, f := range e.Fields {
		violations.FieldViolations = append(violations.FieldViolations,
			&errdetails.BadRequest_FieldViolation{Field: f.Name, Description: f.Problem})
	}
	plain := status.New(cmp.Or(grpcCodes[e.Kind], codes.Internal), message)
	detailed, detailErr := plain.WithDetails(&errdetails.ErrorInfo{Domain: domain, Reason: string(e.Kind)}, violations,
		&errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	if detailErr != nil {
		return plain.Err()
	}
	return detailed.Err()
}

// FromStatus rebuilds the error that ToStatus sent. Any other status, such as one of a sidecar, becomes errs.Unavailable.
func FromStatus(err error) error {
	if err == nil {
		return nil
	}
	e := &errs.Error{}
	for _, detail := range status.Convert(err).Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == domain {
				e.Kind, e.Message = errs.Kind(d.GetReason()), status.Convert(err).Message()
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				e.Fields = append(e.Fields, errs.Field{Name: v.GetField(), Problem: v.GetDescription()})
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = d.GetRetryDelay().AsDuration()
		}
	}
	if !e.Kind.Known() {
		return errs.Wrap(errs.Unavailable, err, "a service that this needs does not answer")
	}
	return e
}

// grpcCodes is the one table of gRPC codes (google.rpc.Code says what each means).
var grpcCodes = map[errs.Kind]codes.Code{
	errs.Invalid:          codes.InvalidArgument,
	errs.Malformed:        codes.InvalidArgument,
	errs.Outdated:         codes.FailedPrecondition,
	errs.KeyReused:        codes.InvalidArgument,
	errs.TooLarge:         codes.InvalidArgument,
	errs.UnsupportedMedia: codes.InvalidArgument,
	errs.Unauthenticated:  codes.Unauthenticated,
	errs.Forbidden:        codes.PermissionDenied,
	errs.Unverified:       codes.PermissionDenied,
	errs.NotFound:         codes.NotFound,
	errs.MethodNotAllowed: codes.Unimplemented,
	errs.Conflict:         codes.FailedPrecondition,
	errs.RateLimited:      codes.ResourceExhausted,
	errs.Unavailable:      codes.Unavailable,
	errs.Internal:         codes.Internal,
}
