package main

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/Kong/go-pdk/bridge"
	"github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"stoa/test/client"
)

// kong is the part of Kong that calls a plugin: a connection for each event, on which the plugin asks back.
type kong struct {
	t      *testing.T
	socket string
}

// decided is what the plugin did with a request.
type decided struct {
	status  int // 0 when it goes on
	body    string
	headers http.Header
	cleared []string
	set     http.Header
}

// start begins a use of the plugin, as soon as the program listens.
func (k *kong) start(settings string) int32 {
	k.t.Helper()
	conn := k.dial()
	defer conn.Close()
	k.send(conn, &kong_plugin_protocol.RpcCall{Sequence: 1, Call: &kong_plugin_protocol.RpcCall_CmdStartInstance{
		CmdStartInstance: &kong_plugin_protocol.CmdStartInstance{Name: "stoa-api-key", Config: []byte(settings)},
	}})
	var answer kong_plugin_protocol.RpcReturn
	k.parse(k.frame(conn), &answer)
	return answer.GetInstanceStatus().GetInstanceId()
}

func (k *kong) dial() net.Conn {
	k.t.Helper()
	var conn net.Conn
	client.Eventually(k.t, "the program listens", func() (err error) {
		conn, err = net.Dial("unix", k.socket)
		return err
	})
	return conn
}

// access runs the plugin on a request, answering what it asks, until it lets go.
func (k *kong) access(instance int32, method, target string, headers http.Header) decided {
	k.t.Helper()
	conn := k.dial()
	defer conn.Close()
	k.send(conn, &kong_plugin_protocol.RpcCall{Sequence: 2, Call: &kong_plugin_protocol.RpcCall_CmdHandleEvent{
		CmdHandleEvent: &kong_plugin_protocol.CmdHandleEvent{InstanceId: instance, EventName: "access"},
	}})
	got := decided{set: http.Header{}}
	for {
		question := string(k.frame(conn))
		if question == "" {
			return got
		}
		args := k.frame(conn)
		switch question {
		case "kong.request.get_path_with_query":
			k.send(conn, bridge.WrapString(target))
		case "kong.request.get_method":
			k.send(conn, bridge.WrapString(method))
		case "kong.client.get_forwarded_ip":
			k.send(conn, bridge.WrapString("10.1.2.3"))
		case "kong.request.get_headers":
			k.send(conn, k.wrap(headers))
		case "kong.service.request.clear_header":
			var name kong_plugin_protocol.String
			k.parse(args, &name)
			got.cleared = append(got.cleared, name.V)
			k.write(conn, nil)
		case "kong.service.request.set_headers":
			got.set = k.unwrap(args)
			k.write(conn, nil)
		case "kong.response.exit":
			// Kong never comes back from it: the request is answered, and the connection let go.
			var exit kong_plugin_protocol.ExitArgs
			k.parse(args, &exit)
			got.status, got.body, got.headers = int(exit.Status), string(exit.Body), http.Header(bridge.UnwrapHeaders(exit.Headers))
			return got
		default:
			k.t.Fatalf("the plugin asks for %s", question)
		}
	}
}

func (k *kong) wrap(headers http.Header) *structpb.Struct {
	k.t.Helper()
	wrapped, err := bridge.WrapHeaders(headers)
	if err != nil {
		k.t.Fatal(err)
	}
	return wrapped
}

func (k *kong) unwrap(raw []byte) http.Header {
	k.t.Helper()
	var headers structpb.Struct
	k.parse(raw, &headers)
	return bridge.UnwrapHeaders(&headers)
}

func (k *kong) parse(raw []byte, into proto.Message) {
	k.t.Helper()
	if err := proto.Unmarshal(raw, into); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kong) send(conn net.Conn, message proto.Message) {
	k.t.Helper()
	raw, err := proto.Marshal(message)
	if err != nil {
		k.t.Fatal(err)
	}
	k.write(conn, raw)
}

// write sends a frame: its length and what it holds.
func (k *kong) write(conn net.Conn, raw []byte) {
	k.t.Helper()
	err := binary.Write(conn, binary.LittleEndian, uint32(len(raw)))
	if _, more := conn.Write(raw); errors.Join(err, more) != nil {
		k.t.Fatal(err, more)
	}
}

func (k *kong) frame(conn net.Conn) []byte {
	k.t.Helper()
	var length uint32
	if err := binary.Read(conn, binary.LittleEndian, &length); err != nil {
		k.t.Fatalf("the plugin let go: %v", err)
	}
	raw := make([]byte, length)
	if _, err := io.ReadFull(conn, raw); err != nil {
		k.t.Fatal(err)
	}
	return raw
}
