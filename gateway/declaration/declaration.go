// Package declaration reads kong.yml: services, routes and plugins in Kong's declarative format. The built-in gateway
// supports a part of it and refuses everything else, by name and line, so that both gateways do the same.
package declaration

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Route says which requests go to an app, and which plugins they pass.
type Route struct {
	Name    string
	Service string
	// App is the app-id in Dapr. It is empty for the route of all requests that no other route takes, which has the plugin
	// Termination.
	App     string
	Methods []string
	// Timeout is how long the app may take.
	Timeout time.Duration
	Plugins Plugins

	paths    []path
	priority int
}

// path is one pattern of a route.
type path struct {
	prefix  string
	pattern *regexp.Regexp // nil for a plain prefix
}

// Load reads the routes of a file, in the order in which they are tried: regular expressions by regex_priority, the highest
// first, then plain prefixes, the longest first.
func Load(name string) ([]Route, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("routes: %w", err)
	}
	return Parse(name, raw)
}

// Parse reads the routes of a file that has this name and content.
func Parse(name string, raw []byte) ([]Route, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(raw, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(document.Content) == 0 {
		return nil, fmt.Errorf("%s is empty", name)
	}
	c := &compiler{file: name}
	var declared file
	c.fill(document.Content[0], &declared, "")
	routes := c.routes(declared)
	return routes, errors.Join(c.problems...)
}

// Matches reports whether a path belongs to the route.
func (r Route) Matches(urlPath string) bool {
	return slices.ContainsFunc(r.paths, func(p path) bool {
		if p.pattern != nil {
			return p.pattern.MatchString(urlPath)
		}
		return strings.HasPrefix(urlPath, p.prefix)
	})
}

// compiler makes routes from what the file says, and collects what is wrong with it.
type compiler struct {
	file     string
	problems []error
}

// refuse adds what is wrong on a line.
func (c *compiler) refuse(line int, format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf("%s:%d: %s", c.file, line, fmt.Sprintf(format, args...)))
}

func (c *compiler) routes(declared file) []Route {
	if declared.FormatVersion != "3.0" {
		c.refuse(1, `_format_version must be "3.0"`)
	}
	global := c.plugins(declared.Plugins, "")
	var all []Route
	for _, s := range declared.Services {
		if !isOff(s.Value.Enabled) {
			all = append(all, c.service(s.Line, s.Value, global)...)
		}
	}
	for _, r := range declared.Routes {
		route := c.route(r, "", global)
		if route.Plugins.Termination == nil {
			c.refuse(r.Line, "route %s: a route without a service needs the plugin request-termination", route.Name)
		}
		all = append(all, route)
	}
	if len(all) == 0 && len(c.problems) == 0 {
		c.refuse(1, "there are no routes")
	}
	c.unique(all)
	slices.SortStableFunc(all, func(a, b Route) int {
		return cmp.Or(-cmp.Compare(a.rank(), b.rank()), -cmp.Compare(a.priority, b.priority), -cmp.Compare(a.longest(), b.longest()))
	})
	return all
}

// rank puts regular expressions before plain prefixes.
func (r Route) rank() int {
	if slices.ContainsFunc(r.paths, func(p path) bool { return p.pattern != nil }) {
		return 1
	}
	return 0
}

// longest is the length of the longest plain prefix.
func (r Route) longest() int {
	length := 0
	for _, p := range r.paths {
		length = max(length, len(p.prefix))
	}
	return length
}

// unique refuses two routes with one name.
func (c *compiler) unique(all []Route) {
	var seen []string
	for _, r := range all {
		if slices.Contains(seen, r.Name) {
			c.refuse(1, "two routes have the name %s", r.Name)
		}
		seen = append(seen, r.Name)
	}
}

func (c *compiler) service(line int, s service, global []config) []Route {
	where := "service " + s.Name
	app, err := s.app()
	unset := func(timeout *int) bool { return timeout == nil || *timeout < 1 }
	noTimes := slices.ContainsFunc([]*int{s.ConnectTimeout, s.WriteTimeout, s.ReadTimeout}, unset)
	c.refuseAll(line, where, complaints(
		complain(err != nil, "%s", err),
		complain(s.Name == "", "name is missing"),
		complain(s.Retries == nil || *s.Retries != 0, "retries must be 0: the sidecar repeats requests, and knows which ones it may repeat"),
		complain(noTimes, "connect_timeout, write_timeout and read_timeout are needed, in milliseconds"),
	))
	if noTimes {
		return nil
	}
	own := c.plugins(s.Plugins, where+": ")
	var routes []Route
	for _, r := range s.Routes {
		compiled := c.route(r, where+": ", own, global)
		compiled.Service, compiled.App, compiled.Timeout = s.Name, app, time.Duration(*s.ReadTimeout)*time.Millisecond
		routes = append(routes, compiled)
	}
	return routes
}

// invocation matches the path of a service's URL: the sidecar's operation that invokes an app.
var invocation = regexp.MustCompile(`^/v1\.0/invoke/([a-z0-9]+(?:-[a-z0-9]+)*)/method$`)

// app returns the app-id in a service's URL.
func (s service) app() (string, error) {
	text := s.URL
	if text == "" {
		text = cmp.Or(s.Protocol, "http") + "://" + s.Host + ":" + strconv.Itoa(cmp.Or(s.Port, 80)) + s.Path
	} else if s.Protocol != "" || s.Host != "" || s.Port != 0 || s.Path != "" {
		return "", errors.New("url already says what protocol, host, port and path say")
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.Host == "" || u.RawQuery != "" {
		return "", fmt.Errorf("%s is not a plain http URL", text)
	}
	match := invocation.FindStringSubmatch(u.Path)
	if match == nil {
		return "", fmt.Errorf("%s must be the sidecar's operation that invokes an app: http://localhost:3600/v1.0/invoke/<app-id>/method", text)
	}
	return match[1], nil
}

var knownMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// route compiles a route with its plugins and those that it inherits, the more specific ones first.
func (c *compiler) route(i item[route], where string, inherited ...[]config) Route {
	r := i.Value
	where += "route " + r.Name
	compiled := Route{Name: r.Name, Methods: r.Methods, priority: r.RegexPriority}
	own := c.plugins(r.Plugins, "route "+r.Name+": ")
	for _, plugin := range slices.Concat(own, slices.Concat(inherited...)) {
		compiled.Plugins.put(plugin)
	}
	ends := compiled.Plugins.Termination != nil
	wrong := complaints(
		complain(r.Name == "", "name is missing"),
		complain(len(r.Paths) == 0, "paths are missing"),
		complain(len(r.Methods) == 0 && !ends, "methods are missing"),
		complain(ends && !slices.Equal(r.Paths, []string{"/"}), "paths: the plugin request-termination is for what no other route has: the path /"),
		complain(r.StripPath == nil || *r.StripPath, "strip_path must be false: apps know their whole paths"),
		complain(r.PreserveHost, "preserve_host must be false: a sidecar is called by its own name"),
		complain(slices.ContainsFunc(r.Protocols, notHTTP), "protocols: http and https, not %s", r.Protocols),
	)
	for _, method := range r.Methods {
		wrong = append(wrong, complaints(complain(!slices.Contains(knownMethods, method),
			"methods: %s is not one of %s", method, strings.Join(knownMethods, ", ")))...)
	}
	for _, text := range r.Paths {
		p, err := compile(text)
		wrong = append(wrong, complaints(complain(err != nil, "paths: %s", err))...)
		compiled.paths = append(compiled.paths, p)
	}
	c.refuseAll(i.Line, where, wrong)
	return compiled
}

func notHTTP(protocol string) bool { return protocol != "http" && protocol != "https" }

// compile reads a path of a route. A regular expression begins with ~ and matches the beginning of a path, as in Kong.
func compile(text string) (path, error) {
	expression, isPattern := strings.CutPrefix(text, "~")
	if !strings.HasPrefix(expression, "/") {
		return path{}, fmt.Errorf("%s does not begin with / or ~/", text)
	}
	if !isPattern {
		return path{prefix: text}, nil
	}
	pattern, err := regexp.Compile("^(?:" + expression + ")")
	if err != nil {
		return path{}, fmt.Errorf("%s cannot be read: %w", text, err)
	}
	return path{pattern: pattern}, nil
}

// plugins reads the plugins of one place.
func (c *compiler) plugins(declared []item[plugin], where string) []config {
	var all []config
	var seen []string
	for _, i := range declared {
		p, at := i.Value, where+"plugin "+i.Value.Name
		construct, known := configs[p.Name]
		if !known {
			c.refuse(i.Line, "%s is not supported by the built-in gateway; supported are %s", at, strings.Join(slices.Sorted(maps.Keys(configs)), ", "))
			continue
		}
		made := construct(p.InstanceName)
		c.fill(&p.Config, made, at+": config: ")
		c.refuseAll(i.Line, at, complaints(
			complain(slices.Contains(seen, p.Name), "is there twice"),
			complain(slices.ContainsFunc(p.Protocols, notHTTP), "protocols: http and https, not %s", p.Protocols),
		))
		c.refuseAll(i.Line, at+": config", made.check())
		seen = append(seen, p.Name)
		if !isOff(p.Enabled) {
			all = append(all, made)
		}
	}
	return all
}

// refuseAll adds what is wrong at one place.
func (c *compiler) refuseAll(line int, where string, wrong []string) {
	for _, problem := range wrong {
		c.refuse(line, "%s: %s", where, problem)
	}
}
