// Package proto holds the gRPC contracts between the services, and the Go that is generated from them: change a .proto
// file, then run `go generate ./api/proto`.
package proto

//go:generate go run -C ../../tools/proto . ../../api/proto
