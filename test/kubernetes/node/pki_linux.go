package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority is a certificate authority, which ends with the test.
type authority struct {
	dir         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// masters is the group that may do everything.
const masters = "system:masters"

// writePKI writes the certificates of all parts into a folder, and a kubeconfig for each of those that call the API server.
func writePKI(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	root, err := newAuthority(dir, DaprRoot, nil)
	if err != nil {
		return err
	}
	if _, err := newAuthority(dir, DaprIssuer, root); err != nil {
		return err
	}
	a, err := newAuthority(dir, "ca", nil)
	if err != nil {
		return err
	}
	servers := map[string][]string{
		"apiserver": {"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
		// The API server connects to kubelets by their addresses.
		"kubelet-server": {Name},
	}
	for name, hosts := range servers {
		if err := a.sign(name, pkix.Name{CommonName: name}, hosts...); err != nil {
			return err
		}
	}
	clients := map[string]pkix.Name{
		"admin":                   {CommonName: "admin", Organization: []string{masters}},
		"apiserver-kubelet":       {CommonName: "apiserver-kubelet", Organization: []string{masters}},
		"coredns":                 {CommonName: "coredns", Organization: []string{masters}},
		"front-proxy":             {CommonName: "front-proxy"},
		"kube-controller-manager": {CommonName: "system:kube-controller-manager"},
		"kube-proxy":              {CommonName: "system:kube-proxy"},
		"kube-scheduler":          {CommonName: "system:kube-scheduler"},
		"kubelet":                 {CommonName: "system:node:" + Name, Organization: []string{"system:nodes"}},
	}
	for name, subject := range clients {
		if err := a.sign(name, subject); err != nil {
			return err
		}
		if err := a.kubeconfig(name); err != nil {
			return err
		}
	}
	return a.serviceAccountKeys()
}

// DaprRoot is the name of the authority that sidecars trust, and DaprIssuer that of the one below it, which signs their certificates.
const (
	DaprRoot   = "dapr-root"
	DaprIssuer = "dapr-issuer"
)

// newAuthority writes its certificate, which another authority has signed, or itself, and its key.
func newAuthority(dir, name string, by *authority) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := certificate(pkix.Name{CommonName: "stoa-test-" + name})
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	a := &authority{dir, template, key}
	if by == nil {
		by = a
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, key.Public(), by.key)
	if err != nil {
		return nil, err
	}
	return a, a.store(name, der, key)
}

// Certificate returns the file of a certificate that the node has made, and that of its key.
func (s settings) Certificate(name string) (certificate, key string) {
	return s.pki(name + ".crt"), s.pki(name + ".key")
}

func certificate(subject pkix.Name) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62)) // this reader does not fail
	now := time.Now()
	return &x509.Certificate{SerialNumber: serial, Subject: subject, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour)}
}

// sign makes a certificate: of a server if it has host names, otherwise of a client.
func (a authority) sign(name string, subject pkix.Name, hosts ...string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := certificate(subject)
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(hosts) > 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		template.DNSNames = hosts
		template.IPAddresses = []net.IP{net.ParseIP(Address), net.ParseIP(firstService), net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return err
	}
	return a.store(name, der, key)
}

func (a authority) store(name string, der []byte, key *ecdsa.PrivateKey) error {
	if err := a.write(name+".crt", "CERTIFICATE", der); err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return a.write(name+".key", "PRIVATE KEY", private)
}

func (a authority) write(name, kind string, der []byte) error {
	return os.WriteFile(filepath.Join(a.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// serviceAccountKeys are those that sign and check the tokens of pods.
func (a authority) serviceAccountKeys() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := a.write("sa.key", "EC PRIVATE KEY", private); err != nil {
		return err
	}
	return a.write("sa.pub", "PUBLIC KEY", public)
}

func (a authority) kubeconfig(user string) error {
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: stoa, cluster: {server: "https://%[1]s:6443", certificate-authority: "%[2]s/ca.crt"}}]
users: [{name: %[3]s, user: {client-certificate: "%[2]s/%[3]s.crt", client-key: "%[2]s/%[3]s.key"}}]
contexts: [{name: stoa, context: {cluster: stoa, user: %[3]s}}]
current-context: stoa
`, Address, a.dir, user)
	return os.WriteFile(filepath.Join(a.dir, user+".kubeconfig"), []byte(text), 0o600)
}
