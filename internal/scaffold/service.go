package scaffold

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"stoa/internal/topology"
)

// service is the data of the templates.
type service struct {
	Name        string
	Source      source
	GatewayPort int // the HTTP port of the gateway's sidecar

	number int // the last two digits of its ports
}

// source is the event that the service handles.
type source struct{ Topic, Event string }

// Title is the name for people.
func (s service) Title() string {
	return strings.ToUpper(s.Name[:1]) + strings.ReplaceAll(s.Name[1:], "-", " ")
}

// Topic is where the service publishes.
func (s service) Topic() string { return s.Name + "-items" }

// Event is what it publishes, without the version.
func (s service) Event() string { return s.Name + "-item.created" }

// Folder is where its code is.
func (s service) Folder() string { return "services/" + s.Name }

// Schema is the file with the contract of its event.
func (s service) Schema() string { return "api/events/" + s.Event() + ".v1.schema.json" }

// OpenAPI is the file with the description of its operations.
func (s service) OpenAPI() string { return "api/openapi/" + s.Name + ".json" }

// Port is the service's port among those that begin with these two digits: 81 gives 81nn.
func (s service) Port(hundreds int) int { return hundreds*100 + s.number }

// newService checks the name, and chooses ports that no app uses.
func newService(root, name string, system *topology.Topology) (service, error) {
	s := service{Name: name, Source: source{Topic: "accounts", Event: "account.registered"}}
	err := checkName(name)
	if err == nil {
		err = s.checkFree(root, system)
	}
	if err != nil {
		return s, err
	}
	for _, app := range system.Apps {
		if app.Public() {
			s.GatewayPort = app.Ports.HTTP
		}
		for _, port := range []int{app.Ports.App, app.Ports.Probe, app.Ports.HTTP, app.Ports.GRPC, app.Ports.Internal, app.Ports.Metrics} {
			if slices.Contains([]int{36, 37, 38, 39, 81, 82}, port/100) {
				s.number = max(s.number, port%100+1)
			}
		}
	}
	if s.number > 99 {
		return s, fmt.Errorf("dapr.yaml uses the ports up to %d; free some of them first", s.Port(81)-1)
	}
	return s, nil
}

// form is the form of names, which become app ids, import paths, file names and parts of URLs.
var form = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

// reserved and endings are names and ends of names that already mean something: to Go, in bin, or as a process, container or
// component.
var (
	reserved = []string{
		"internal", "vendor", "testdata", "stoa", "dapr", "pod", "image", "broker", "sentry", "init",
		"kong", "secrets", "configuration", "resiliency", "redis", "kafka", "rabbitmq", "postgres", "mariadb", "mongodb",
	}
	endings = regexp.MustCompile(`-(api|worker|sidecar|pod|store)$`)
)

const longest = 40

func checkName(name string) error {
	switch {
	case !form.MatchString(name):
		return fmt.Errorf("%q cannot be the name of a service; use lowercase letters and single hyphens, such as gift-card", name)
	case len(name) > longest:
		return fmt.Errorf("the name has %d letters; use at most %d", len(name), longest)
	case slices.Contains(reserved, name):
		return fmt.Errorf("the name %s has another meaning here; use another one", name)
	case endings.MatchString(name):
		return fmt.Errorf("the name ends in %s, as names of processes and components do; leave that out", endings.FindString(name))
	}
	return nil
}

// checkFree fails if a name or a path that the service needs is in use.
func (s service) checkFree(root string, system *topology.Topology) error {
	taken := map[string]string{}
	for _, app := range system.Apps {
		taken[app.ID] = "an app"
	}
	for _, topic := range system.Topics {
		taken[topic.Name] = "a topic"
	}
	for _, store := range system.Stores {
		taken[store.Name] = "a store"
	}
	for _, binding := range system.Bindings {
		taken[binding.Name] = "a binding"
	}
	for _, schedule := range system.Schedules {
		taken[schedule.Name] = "a schedule"
	}
	for _, name := range []string{s.Name, s.Topic()} {
		if what, is := taken[name]; is {
			return fmt.Errorf("there is %s %s already, see %s; choose another name", what, name, topology.File)
		}
	}
	for _, name := range []string{s.Folder(), s.Schema(), s.OpenAPI()} {
		if _, err := os.Lstat(filepath.Join(root, name)); err == nil {
			return fmt.Errorf("%s exists already; choose another name, or remove it first", name)
		}
	}
	routes, err := os.ReadFile(filepath.Join(root, kongFile))
	if err == nil && regexp.MustCompile(`~/api/v1/`+s.Name+`[^a-z-]`).Match(routes) {
		return fmt.Errorf("%s has a route for /api/v1/%s already; choose another name", kongFile, s.Name)
	}
	return err
}
