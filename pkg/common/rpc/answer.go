package rpc

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// AnswerHeader is the metadata that marks an answer as one that an app gave: a sidecar can say OK for an app that said
// nothing. Its value is "*". It is the same rule as web.AnswerHeader, whose value says more because HTTP bodies can end early.
const AnswerHeader = "stoa-answer"

var answerMark = metadata.Pairs(AnswerHeader, "*")

func marked(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if err := grpc.SetHeader(ctx, answerMark); err != nil {
		return nil, err
	}
	return handle(ctx, req)
}

func markedStream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if err := stream.SetHeader(answerMark); err != nil {
		return err
	}
	return handle(server, stream)
}

// CheckAnswer returns a status Unavailable unless these headers are those of an answer that an app gave.
func CheckAnswer(header metadata.MD) error {
	if len(header.Get(AnswerHeader)) == 0 {
		return status.Errorf(codes.Unavailable, "no app gave this answer: it has no %s", AnswerHeader)
	}
	return nil
}
