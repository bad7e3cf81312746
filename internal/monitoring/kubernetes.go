package monitoring

// KubernetesFile is the name of the file with what a Prometheus in a cluster scrapes.
const KubernetesFile = "kubernetes.yml"

// pods is a job that scrapes one port of the pods of the chart.
type pods struct {
	Name      string              `yaml:"job_name"`
	Discovery []map[string]string `yaml:"kubernetes_sd_configs"`
	Relabel   []relabel           `yaml:"relabel_configs"`
}

type relabel struct {
	Sources     []string `yaml:"source_labels,flow"`
	Regex       string   `yaml:"regex,omitempty"`
	Action      string   `yaml:"action,omitempty"`
	Target      string   `yaml:"target_label,omitempty"`
	Replacement string   `yaml:"replacement,omitempty"`
}

// inPod are names of labels of a target before it is relabelled.
const (
	inPod = "__meta_kubernetes_pod_"
	part  = inPod + "label_app_kubernetes_io_part_of"
	app   = inPod + "label_app_kubernetes_io_name"
	port  = inPod + "container_port_name"
	phase = inPod + "phase"
)

// kubernetes are the jobs of a cluster, with the same labels as elsewhere. Dapr names the port of a sidecar.
func kubernetes() map[string][]pods {
	of := func(name, named, instance string) pods {
		return pods{name, []map[string]string{{"role": "pod"}}, []relabel{
			{Sources: []string{part, port}, Regex: "stoa;" + named, Action: "keep"},
			{Sources: []string{phase}, Regex: "Failed|Succeeded", Action: "drop"}, // an evicted pod stays, and never answers
			{Sources: []string{app}, Target: "app"},
			{Sources: []string{inPod + "name"}, Target: "instance", Replacement: instance},
		}}
	}
	return map[string][]pods{"scrape_configs": {of(Apps, "probes", "$1"), of(Sidecars, "dapr-metrics", "$1.sidecar")}}
}
