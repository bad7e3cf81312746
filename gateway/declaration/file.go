package declaration

import "gopkg.in/yaml.v3"

// The part of Kong's declarative format that is supported, as it stands in the file. gateway/README.md shows it as a table.

type file struct {
	FormatVersion string          `yaml:"_format_version"`
	Services      []item[service] `yaml:"services"`
	Routes        []item[route]   `yaml:"routes"`
	Plugins       []item[plugin]  `yaml:"plugins"`
}

// service is an app: its URL is that of the operation of the gateway's sidecar that invokes it, whole or in parts.
type service struct {
	Name           string         `yaml:"name"`
	URL            string         `yaml:"url"`
	Protocol       string         `yaml:"protocol"`
	Host           string         `yaml:"host"`
	Port           int            `yaml:"port"`
	Path           string         `yaml:"path"`
	Retries        *int           `yaml:"retries"`
	ConnectTimeout *int           `yaml:"connect_timeout"`
	WriteTimeout   *int           `yaml:"write_timeout"`
	ReadTimeout    *int           `yaml:"read_timeout"`
	Enabled        *bool          `yaml:"enabled"`
	Tags           []string       `yaml:"tags"`
	Routes         []item[route]  `yaml:"routes"`
	Plugins        []item[plugin] `yaml:"plugins"`
}

type route struct {
	Name              string         `yaml:"name"`
	Paths             []string       `yaml:"paths"`
	Methods           []string       `yaml:"methods"`
	Protocols         []string       `yaml:"protocols"`
	RegexPriority     int            `yaml:"regex_priority"`
	StripPath         *bool          `yaml:"strip_path"`
	PreserveHost      bool           `yaml:"preserve_host"`
	RequestBuffering  *bool          `yaml:"request_buffering"`
	ResponseBuffering *bool          `yaml:"response_buffering"`
	Tags              []string       `yaml:"tags"`
	Plugins           []item[plugin] `yaml:"plugins"`
}

type plugin struct {
	Name         string    `yaml:"name"`
	InstanceName string    `yaml:"instance_name"`
	Enabled      *bool     `yaml:"enabled"`
	Protocols    []string  `yaml:"protocols"`
	Tags         []string  `yaml:"tags"`
	Config       yaml.Node `yaml:"config"`
}

// isOff reports a switch that is off; without a value it is on, as in Kong.
func isOff(enabled *bool) bool { return enabled != nil && !*enabled }
