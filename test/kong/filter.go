package kong

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"

	lua "github.com/yuin/gopher-lua"
	"gopkg.in/yaml.v3"

	table "stoa/gateway/kong"
)

// Filter is the Lua of the plugin pre-function in kong.yml, which Kong runs on answers.
type Filter struct {
	HeaderFilter []string `yaml:"header_filter"`
	BodyFilter   []string `yaml:"body_filter"`
}

// ReadFilter reads the Filter of kong.yml.
func ReadFilter() (Filter, error) {
	var file struct {
		Plugins []struct {
			Name   string
			Config yaml.Node
		}
	}
	if err := yaml.Unmarshal(table.Table(), &file); err != nil {
		return Filter{}, err
	}
	for _, plugin := range file.Plugins {
		if plugin.Name == "pre-function" {
			var filter Filter
			return filter, plugin.Config.Decode(&filter)
		}
	}
	return Filter{}, fmt.Errorf("kong.yml has no pre-function")
}

// Run runs the Lua on an answer. The source is "service" for what came from upstream, and "exit" or "error" otherwise, as
// kong.response.get_source says. Streams are shown to the header filter only, as a body has no end there.
func (f Filter) Run(answer *http.Response, source string) error {
	state := lua.NewState()
	defer state.Close()
	stub := &stub{answer: answer, source: source, upstream: answer.Header.Clone(), upstreamStatus: answer.StatusCode}
	state.SetGlobal("kong", stub.table(state))
	for _, code := range f.HeaderFilter {
		if err := state.DoString(code); err != nil {
			return err
		}
	}
	if len(f.BodyFilter) == 0 || answer.Header.Get("Content-Type") == "text/event-stream" {
		return nil
	}
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	stub.body = raw
	for _, code := range f.BodyFilter {
		if err := state.DoString(code); err != nil {
			return err
		}
	}
	answer.Body = io.NopCloser(bytes.NewReader(stub.body))
	answer.ContentLength = int64(len(stub.body))
	answer.Header.Set("Content-Length", strconv.Itoa(len(stub.body)))
	return nil
}

// stub is the part of Kong's plugin development kit that the Lua uses (Kong 3.9, docs of the PDK).
type stub struct {
	answer         *http.Response
	source         string
	upstream       http.Header
	upstreamStatus int
	body           []byte
}

func (s *stub) table(state *lua.LState) *lua.LTable {
	functions := func(all map[string]lua.LGFunction) *lua.LTable { return state.SetFuncs(state.NewTable(), all) }
	response := functions(map[string]lua.LGFunction{
		"get_source":   func(l *lua.LState) int { l.Push(lua.LString(s.source)); return 1 },
		"set_status":   func(l *lua.LState) int { s.answer.StatusCode = l.CheckInt(1); return 0 },
		"set_header":   func(l *lua.LState) int { s.answer.Header.Set(l.CheckString(1), l.CheckString(2)); return 0 },
		"clear_header": func(l *lua.LState) int { s.answer.Header.Del(l.CheckString(1)); return 0 },
		"get_raw_body": func(l *lua.LState) int { l.Push(lua.LString(s.body)); return 1 },
		"set_raw_body": func(l *lua.LState) int { s.body = []byte(l.CheckString(1)); return 0 },
	})
	upstream := functions(map[string]lua.LGFunction{
		"get_status": func(l *lua.LState) int { l.Push(lua.LNumber(s.upstreamStatus)); return 1 },
		"get_header": func(l *lua.LState) int {
			values := s.upstream.Values(l.CheckString(1))
			if len(values) == 0 {
				l.Push(lua.LNil)
			} else {
				l.Push(lua.LString(values[0]))
			}
			return 1
		},
	})
	kong, service, ctx := state.NewTable(), state.NewTable(), state.NewTable()
	service.RawSetString("response", upstream)
	ctx.RawSetString("shared", state.NewTable())
	kong.RawSetString("response", response)
	kong.RawSetString("service", service)
	kong.RawSetString("ctx", ctx)
	return kong
}
