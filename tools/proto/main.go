// Command proto generates Go (messages and gRPC) from every .proto file of a folder, next to it:
//
//	go run -C tools/proto . ../../api/proto
//
// The compiler is a library and the plugins are pinned tools of this module, so that nothing needs to be installed.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/pluginpb"
)

// plugins are the tools of go.mod that turn the compiled files into Go.
var plugins = []string{"protoc-gen-go", "protoc-gen-go-grpc"}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "proto:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("name the folder of the .proto files")
	}
	folder := args[0]
	names, err := protoFiles(folder)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("there is no .proto file in %s", folder)
	}
	request, err := compile(folder, names)
	if err != nil {
		return err
	}
	for _, plugin := range plugins {
		if err := generate(plugin, request, folder); err != nil {
			return fmt.Errorf("%s: %w", plugin, err)
		}
	}
	return nil
}

// protoFiles lists the .proto files of the folder, as they import each other: relative to it, with slashes.
func protoFiles(folder string) ([]string, error) {
	var names []string
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".proto") {
			names = append(names, path)
		}
		return err
	})
	return names, err
}

// compile returns what a plugin is asked: these files, with all that they import before them.
func compile(folder string, names []string) ([]byte, error) {
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{folder}}),
		SourceInfoMode: protocompile.SourceInfoStandard, // the comments, for the generated code
	}
	files, err := compiler.Compile(context.Background(), names...)
	if err != nil {
		return nil, err
	}
	parameter := "paths=source_relative"
	request := &pluginpb.CodeGeneratorRequest{FileToGenerate: names, Parameter: &parameter}
	seen := map[string]bool{}
	for _, file := range files {
		addFile(request, file, seen)
	}
	return proto.Marshal(request)
}

func addFile(request *pluginpb.CodeGeneratorRequest, file linker.File, seen map[string]bool) {
	if seen[file.Path()] {
		return
	}
	seen[file.Path()] = true
	imports := file.Imports()
	for i := range imports.Len() {
		addFile(request, file.FindImportByPath(imports.Get(i).Path()), seen)
	}
	request.ProtoFile = append(request.ProtoFile, protodesc.ToFileDescriptorProto(file))
}

// generate runs one plugin and writes the files that it answers with.
func generate(plugin string, request []byte, folder string) error {
	tool := exec.Command("go", "tool", plugin)
	tool.Stdin, tool.Stderr = bytes.NewReader(request), os.Stderr
	raw, err := tool.Output()
	if err != nil {
		return err
	}
	var answer pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(raw, &answer); err != nil {
		return err
	}
	if answer.Error != nil {
		return errors.New(answer.GetError())
	}
	for _, file := range answer.GetFile() {
		path := filepath.Join(folder, filepath.FromSlash(file.GetName()))
		if err := os.WriteFile(path, []byte(file.GetContent()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
