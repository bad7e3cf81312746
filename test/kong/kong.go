// Package kong stands in for Kong in tests, where Kong itself cannot be had: it runs our plugin's program, speaks Kong's
// protocol to it, and routes as kong.yml says. It knows no other plugin.
package kong

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/Kong/go-pdk/bridge"
	"github.com/Kong/go-pdk/server/kong_plugin_protocol"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/structpb"

	"stoa/pkg/common/must"
	"stoa/test/system"
)

// pluginName is what the program has to be called: Kong takes the name of the file for that of the plugin.
const pluginName = "stoa-api-key"

// Build makes the plugin's program and returns its file.
func Build(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), pluginName)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "stoa/gateway/kong/plugin")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

// Program is the command that runs the plugin, with its socket beside its file.
func Program(t testing.TB, binary, token string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"-kong-prefix", filepath.Dir(binary)}, args...)...)
	cmd.Env = append(os.Environ(), "DAPR_API_TOKEN="+token)
	return cmd
}

// Kong is the part of Kong that calls a plugin: a connection for each event, on which the plugin asks back.
type Kong struct{ socket string }

// Start runs the plugin until the test ends. The token is that of the gateway's sidecar.
func Start(t testing.TB, binary, token string) *Kong {
	t.Helper()
	cmd := Program(t, binary, token)
	must.Do(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	k := &Kong{socket: binary + ".socket"}
	system.Eventually(t, "the plugin listens", func() error {
		conn, err := net.Dial("unix", k.socket)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	return k
}

// Use begins a use of the plugin, for one place in kong.yml, and returns its number.
func (k *Kong) Use(settings []byte) (int32, error) {
	conn, err := net.Dial("unix", k.socket)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	err = send(conn, &kong_plugin_protocol.RpcCall{Sequence: 1, Call: &kong_plugin_protocol.RpcCall_CmdStartInstance{
		CmdStartInstance: &kong_plugin_protocol.CmdStartInstance{Name: pluginName, Config: settings},
	}})
	if err != nil {
		return 0, err
	}
	var answer kong_plugin_protocol.RpcReturn
	if err := receive(conn, &answer); err != nil {
		return 0, fmt.Errorf("the plugin does not take %s: %w", settings, err)
	}
	return answer.GetInstanceStatus().GetInstanceId(), nil
}

// Request is what the plugin may ask about a request.
type Request struct {
	Method, Target, Address string
	Headers                 http.Header
}

// Decision is what the plugin did with a request.
type Decision struct {
	// Status is that of its answer, or 0 when the request goes on.
	Status  int
	Body    []byte
	Headers http.Header // of its answer, or to be added to the app's
	// Cleared and Set are headers of the request on its way.
	Cleared []string
	Set     http.Header
}

// Access runs the plugin on a request, answering what it asks, until it lets go.
func (k *Kong) Access(use int32, r Request) (Decision, error) {
	conn, err := net.Dial("unix", k.socket)
	if err != nil {
		return Decision{}, err
	}
	defer conn.Close()
	err = send(conn, &kong_plugin_protocol.RpcCall{Sequence: 2, Call: &kong_plugin_protocol.RpcCall_CmdHandleEvent{
		CmdHandleEvent: &kong_plugin_protocol.CmdHandleEvent{InstanceId: use, EventName: "access"},
	}})
	if err != nil {
		return Decision{}, err
	}
	for d := (Decision{}); ; {
		question, err := readFrame(conn)
		if err != nil || len(question) == 0 {
			return d, err
		}
		args, err := readFrame(conn)
		if err != nil {
			return d, err
		}
		if string(question) == "kong.response.exit" {
			// Kong never comes back from it: the request is answered, and the connection let go.
			return d, d.exit(args)
		}
		if err := d.answer(conn, r, string(question), args); err != nil {
			return d, err
		}
	}
}

// answer answers one question of the plugin, and notes what it wants to have done.
func (d *Decision) answer(conn net.Conn, r Request, question string, args []byte) (err error) {
	switch question {
	case "kong.request.get_path_with_query":
		// As Kong's Lua writes it: whatever bytes there are.
		return writeFrame(conn, protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), r.Target))
	case "kong.request.get_method":
		return send(conn, bridge.WrapString(r.Method))
	case "kong.client.get_forwarded_ip":
		return send(conn, bridge.WrapString(r.Address))
	case "kong.request.get_headers":
		headers, err := bridge.WrapHeaders(r.Headers)
		if err != nil {
			return err
		}
		return send(conn, headers)
	case "kong.service.request.clear_header":
		var name kong_plugin_protocol.String
		err = parse(args, &name)
		d.Cleared = append(d.Cleared, name.V)
	case "kong.service.request.set_headers":
		d.Set, err = headersIn(args)
	case "kong.response.set_headers":
		d.Headers, err = headersIn(args)
	case "kong.log.err":
	default:
		return fmt.Errorf("the plugin asks for %s", question)
	}
	if err != nil {
		return err
	}
	return writeFrame(conn, nil)
}

func (d *Decision) exit(raw []byte) error {
	var args kong_plugin_protocol.ExitArgs
	if err := parse(raw, &args); err != nil {
		return err
	}
	d.Status, d.Body, d.Headers = int(args.Status), args.Body, http.Header(bridge.UnwrapHeaders(args.Headers))
	return nil
}

func headersIn(raw []byte) (http.Header, error) {
	var headers structpb.Struct
	err := parse(raw, &headers)
	return bridge.UnwrapHeaders(&headers), err
}
