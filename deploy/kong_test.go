package deploy

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Kong's image cannot be run everywhere, so what can be known of its overlay without running it is held here.

const kongOverlay = "compose/kong.yml"

// container is what the tests read of Kong's service and its sidecar's.
type container struct {
	Image       string
	Command     []string
	Environment map[string]string
	Volumes     []string
	Tmpfs       []string
}

func containers(t *testing.T) map[string]container {
	t.Helper()
	return read[struct{ Services map[string]container }](t, kongOverlay).Services
}

func TestKong_takesThePlaceOfTheGatewayAndNoMore(t *testing.T) {
	changed := slices.Sorted(maps.Keys(containers(t)))
	if want := []string{"gateway", "gateway-sidecar"}; !slices.Equal(changed, want) {
		t.Errorf("the overlay changes %v, want %v", changed, want)
	}
	if image := containers(t)["gateway"].Image; !regexp.MustCompile(`^kong:3\.9\.\d+$`).MatchString(image) {
		t.Errorf("the image is %s; the schemas of gateway/kong/schema are those of Kong 3.9", image)
	}
}

func TestKong_isOpenToPeopleOnly(t *testing.T) {
	env := containers(t)["gateway"].Environment
	for name, want := range map[string]string{
		"KONG_DATABASE": "off", "KONG_ADMIN_LISTEN": "off", "KONG_ADMIN_GUI_LISTEN": "off", "KONG_ALLOW_DEBUG_HEADER": "off",
		"KONG_HEADERS": "off", "KONG_HEADERS_UPSTREAM": "off", "KONG_ANONYMOUS_REPORTS": "off", "KONG_TRUSTED_IPS": "",
	} {
		if got := env[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name, value := range env {
		if strings.HasSuffix(name, "_LISTEN") && name != "KONG_PROXY_LISTEN" && value != "off" && !strings.HasPrefix(value, "127.0.0.1:") {
			t.Errorf("%s is open to others: %s", name, value)
		}
	}
	_, published, _ := strings.Cut(env["KONG_PROXY_LISTEN"], ":")
	base, err := os.ReadFile("../docker-compose.yml")
	if err != nil || published == "" || !strings.Contains(string(base), "}:"+published+`"]`) {
		t.Errorf("port %q, where Kong listens, is not the one that is published: %v", published, err)
	}
}

func TestKong_findsItsFiles(t *testing.T) {
	kong := containers(t)["gateway"]
	mounted := map[string]string{}
	for _, volume := range kong.Volumes {
		parts := strings.Split(volume, ":")
		if len(parts) != 3 || parts[2] != "ro" {
			t.Errorf("%s is not for reading only", volume)
			continue
		}
		mounted[parts[1]] = parts[0]
		if _, err := os.Stat(filepath.Join("..", parts[0])); err != nil && !strings.HasPrefix(parts[0], "./bin/") {
			t.Errorf("%s: %v", volume, err)
		}
	}
	for name, want := range map[string]string{
		"KONG_DECLARATIVE_CONFIG":                  "./gateway/kong/kong.yml",
		"KONG_NGINX_HTTP_INCLUDE":                  "./deploy/compose/kong/http.conf",
		"KONG_NGINX_PROXY_INCLUDE":                 "./deploy/compose/kong/proxy.conf",
		"KONG_PLUGINSERVER_STOA_API_KEY_START_CMD": "./bin/stoa-api-key",
		"KONG_PLUGINSERVER_STOA_API_KEY_QUERY_CMD": "./bin/stoa-api-key",
	} {
		file, _, _ := strings.Cut(kong.Environment[name], " ")
		if mounted[file] != want {
			t.Errorf("%s is %q, where %q is mounted, want %q", name, file, mounted[file], want)
		}
	}
	for path, want := range map[string]string{"/stoa/public/docs": "./gateway/docs/page", "/stoa/openapi": "./api/openapi"} { // proxy.conf serves them
		if mounted[path] != want {
			t.Errorf("%s is %q, want %q", path, mounted[path], want)
		}
	}
	prefix := kong.Environment["KONG_PREFIX"]
	if socket := kong.Environment["KONG_PLUGINSERVER_STOA_API_KEY_SOCKET"]; socket != prefix+"/stoa-api-key.socket" {
		t.Errorf("the plugin listens at %s/stoa-api-key.socket, Kong asks at %s", prefix, socket)
	}
	if !slices.ContainsFunc(kong.Tmpfs, func(mount string) bool { return strings.HasPrefix(mount, prefix+":") }) {
		t.Errorf("Kong cannot write to %s", prefix)
	}
}

// declared is what the tests read of kong.yml.
type declared struct {
	Services []struct {
		URL     string
		Routes  []struct{ Plugins []struct{ Name string } }
		Plugins []struct{ Name string }
	}
	Plugins []struct{ Name string }
}

func TestKong_loadsThePluginsOfItsRoutes(t *testing.T) {
	loaded := strings.Split(containers(t)["gateway"].Environment["KONG_PLUGINS"], ",")
	d := read[declared](t, "../gateway/kong/kong.yml")
	used := d.Plugins
	for _, service := range d.Services {
		used = append(used, service.Plugins...)
		for _, route := range service.Routes {
			used = append(used, route.Plugins...)
		}
	}
	for _, plugin := range used {
		if !slices.Contains(loaded, plugin.Name) {
			t.Errorf("kong.yml uses %s, which is not loaded", plugin.Name)
		}
	}
}

// A sidecar repeats what has a Content-Length, and Kong cannot take it away from what must not happen twice.
func TestKong_sidecarRepeatsNothing(t *testing.T) {
	sidecar := containers(t)["gateway-sidecar"]
	if want := []string{"./deploy/compose/kong/resiliency:/components/resiliency:ro"}; !slices.Equal(sidecar.Volumes, want) {
		t.Errorf("the sidecar mounts %v, want %v", sidecar.Volumes, want)
	}
	type policies struct {
		Spec struct {
			Policies struct {
				Retries map[string]struct {
					MaxRetries *int `yaml:"maxRetries"`
				}
			}
		}
	}
	for name, policy := range read[policies](t, "compose/kong/resiliency/apps.yaml").Spec.Policies.Retries {
		if policy.MaxRetries == nil || *policy.MaxRetries != 0 {
			t.Errorf("the policy %s repeats calls", name)
		}
	}
}

// largestBody is how many kilobytes a route takes at most.
func largestBody(t *testing.T) (largest int) {
	t.Helper()
	routes, err := os.ReadFile("../gateway/kong/kong.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range regexp.MustCompile(`allowed_payload_size: (\d+), size_unit: kilobytes`).FindAllStringSubmatch(string(routes), -1) {
		size, err := strconv.Atoi(limit[1])
		if err != nil {
			t.Fatal(err)
		}
		largest = max(largest, size)
	}
	return largest
}

// Whatever a route takes, nginx must take before it, and no more.
func TestKong_takesTheLargestBodyOfItsRoutes(t *testing.T) {
	largest := largestBody(t)
	if got, want := containers(t)["gateway"].Environment["KONG_NGINX_HTTP_CLIENT_MAX_BODY_SIZE"], fmt.Sprintf("%dk", largest); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// nginx adds a header beside the app's: two policies would both hold. So each is for answers that have none, by a map in http.conf.
func TestKong_addsNoHeaderBesideTheAppsOwn(t *testing.T) {
	proxy, err := os.ReadFile("compose/kong/proxy.conf")
	if err != nil {
		t.Fatal(err)
	}
	maps, err := os.ReadFile("compose/kong/http.conf")
	if err != nil {
		t.Fatal(err)
	}
	added := regexp.MustCompile(`(?m)^add_header (\S+) +(\S+)`).FindAllStringSubmatch(string(proxy), -1)
	for _, header := range added {
		name := strings.ToLower(strings.ReplaceAll(header[1], "-", "_"))
		if !strings.Contains(string(maps), "map $sent_http_"+name+" "+header[2]+" {") {
			t.Errorf("%s is added beside the app's", header[1])
		}
	}
	if len(added) == 0 {
		t.Error("no header is added")
	}
}
