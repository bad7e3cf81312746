package node

// The addresses of services and of pods.
const (
	services     = "10.96.0.0/16"
	firstService = "10.96.0.1" // the API server's own
	pods         = "10.244.0.0/16"
)

// part is one of the programs that are the node.
type part struct {
	name    string
	command []string
}

// base are the parts that the API server needs, and itself. etcd need not survive a power cut.
func (s settings) base() []part {
	return []part{
		s.part("etcd", "--data-dir="+s.in("etcd"), "--unsafe-no-fsync",
			"--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379",
			"--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
			"--initial-cluster=default=http://127.0.0.1:2380"),
		{"containerd", []string{"containerd", "--config", s.in("containerd.toml")}},
		s.part("kube-apiserver",
			"--etcd-servers=http://127.0.0.1:2379", "--bind-address=0.0.0.0", "--advertise-address="+Address, "--secure-port=6443",
			"--tls-cert-file="+s.pki("apiserver.crt"), "--tls-private-key-file="+s.pki("apiserver.key"), "--client-ca-file="+s.pki("ca.crt"),
			"--kubelet-certificate-authority="+s.pki("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
			"--kubelet-client-certificate="+s.pki("apiserver-kubelet.crt"), "--kubelet-client-key="+s.pki("apiserver-kubelet.key"),
			"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
			"--service-account-key-file="+s.pki("sa.pub"), "--service-account-signing-key-file="+s.pki("sa.key"),
			"--service-cluster-ip-range="+services, "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
			"--allow-privileged=true",
			"--requestheader-client-ca-file="+s.pki("ca.crt"), "--requestheader-allowed-names=front-proxy",
			"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
			"--requestheader-extra-headers-prefix=X-Remote-Extra-",
			"--proxy-client-cert-file="+s.pki("front-proxy.crt"), "--proxy-client-key-file="+s.pki("front-proxy.key")),
	}
}

// rest are the parts that need the API server.
func (s settings) rest() []part {
	return []part{
		s.part("kube-controller-manager", append(s.loopback("kube-controller-manager"),
			"--use-service-account-credentials", "--service-account-private-key-file="+s.pki("sa.key"), "--root-ca-file="+s.pki("ca.crt"),
			"--cluster-signing-cert-file="+s.pki("ca.crt"), "--cluster-signing-key-file="+s.pki("ca.key"),
			"--allocate-node-cidrs", "--cluster-cidr="+pods, "--service-cluster-ip-range="+services,
			"--flex-volume-plugin-dir="+s.in("plugins"))...),
		s.part("kube-scheduler", s.loopback("kube-scheduler")...),
		s.part("kubelet", "--config="+s.in("kubelet.yaml"), "--kubeconfig="+s.pki("kubelet.kubeconfig"),
			"--hostname-override="+Name, "--node-ip="+Address, "--root-dir=/var/lib/kubelet"),
		s.part("kube-proxy", "--config="+s.in("kube-proxy.yaml")),
		s.part("coredns", "-conf", s.in("Corefile"), "-dns.port", "53"),
	}
}

// loopback are the arguments of a part that is alone and that nobody else asks.
func (s settings) loopback(name string) []string {
	kubeconfig := s.pki(name + ".kubeconfig")
	return []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--leader-elect=false", "--bind-address=127.0.0.1",
	}
}

func (s settings) part(name string, args ...string) part {
	return part{name, append([]string{s.Programs["node"], name}, args...)}
}

func (s settings) pki(name string) string { return s.in("pki", name) }
