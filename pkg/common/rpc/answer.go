package rpc

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// AnswerTrailer is the trailing metadata, with the value "*", that marks the answer of an app, errors included: a sidecar can
// report OK although the app gave no answer. It is no header, because sidecars forward none with an error. For HTTP there is
// web.AnswerHeader; its value is a length, because an HTTP body can end early.
const AnswerTrailer = "stoa-answer"

var answerMark = metadata.Pairs(AnswerTrailer, "*")

func marked(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if err := grpc.SetTrailer(ctx, answerMark); err != nil {
		return nil, err
	}
	return handle(ctx, req)
}

// CheckAnswer returns a status Unavailable unless this trailer has the mark of an app's answer.
func CheckAnswer(trailer metadata.MD) error {
	if len(trailer.Get(AnswerTrailer)) == 0 {
		return status.Errorf(codes.Unavailable, "no app gave this answer: it has no %s", AnswerTrailer)
	}
	return nil
}
