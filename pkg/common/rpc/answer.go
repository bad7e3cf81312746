package rpc

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// AnswerHeader is the metadata, with the value "*", that marks the answer of an app: a sidecar can report OK although the
// app gave no answer. web.AnswerHeader is the same for HTTP; its value is a length, because an HTTP body can end early.
const AnswerHeader = "stoa-answer"

var answerMark = metadata.Pairs(AnswerHeader, "*")

func marked(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if err := grpc.SetHeader(ctx, answerMark); err != nil {
		return nil, err
	}
	return handle(ctx, req)
}

// CheckAnswer returns a status Unavailable unless these headers have the mark of an app's answer.
func CheckAnswer(header metadata.MD) error {
	if len(header.Get(AnswerHeader)) == 0 {
		return status.Errorf(codes.Unavailable, "no app gave this answer: it has no %s", AnswerHeader)
	}
	return nil
}
