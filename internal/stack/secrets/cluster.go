package secrets

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// First returns the secrets that a system needs besides the addresses and passwords of its servers. Without a host there is no
// embedded broker.
func First(brokerHost string) (Values, error) {
	values, err := fresh()
	if err != nil {
		return nil, err
	}
	values.addKeys()
	values.moveBroker(brokerHost)
	if brokerHost == "" {
		delete(values, BrokerURL)
	}
	return values, nil
}

// NewToken returns what a Secret with the token between an app and its sidecar has. Dapr's injector reads the key `token`.
func NewToken() Values { return Values{"token": randomText(24)} }

// Cluster is the part of Kubernetes' API that keeps the Secrets of one namespace. It is so small a part that its own client,
// which is larger than all of Stoa, would be out of proportion.
type Cluster struct {
	address, token, namespace, instance string
	client                              *http.Client
}

// mounted is where a pod finds the token of its service account.
const mounted = "/var/run/secrets/kubernetes.io/serviceaccount"

// InCluster returns the API of the cluster in which this process is a pod.
func InCluster(namespace, instance string) (*Cluster, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("this is not a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
	}
	token, err := os.ReadFile(filepath.Join(mounted, "token"))
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(filepath.Join(mounted, "ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return nil, errors.New("the cluster's ca.crt is not valid")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	return &Cluster{"https://" + net.JoinHostPort(host, port), string(bytes.TrimSpace(token)), namespace, instance, client}, nil
}

// secret is a Secret of Kubernetes.
type secret struct {
	APIVersion string            `json:"apiVersion,omitempty"`
	Kind       string            `json:"kind,omitempty"`
	Metadata   metadata          `json:"metadata"`
	Data       map[string]string `json:"data,omitempty"`       // in base64
	StringData Values            `json:"stringData,omitempty"` // only written
}

type metadata struct {
	Name    string            `json:"name,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`
	Version string            `json:"resourceVersion,omitempty"`
}

// Ensure adds to a Secret the values whose keys are missing there, or empty, and makes it if there is none. Others keep their
// values. It returns how many were added.
func (c *Cluster) Ensure(ctx context.Context, name string, values Values) (added int, err error) {
	const attempts = 5 // the others lose against somebody who writes at the same time
	for range attempts {
		var known secret
		status, err := c.call(ctx, http.MethodGet, name, "", nil, &known)
		switch {
		case status == http.StatusNotFound:
			status, err = c.call(ctx, http.MethodPost, "", "application/json", c.secret(name, values), nil)
			added = len(values)
		case err == nil:
			missing := Values{}
			for key, value := range values {
				if known.Data[key] == "" {
					missing[key] = value
				}
			}
			if added = len(missing); added == 0 {
				return 0, nil
			}
			patch := secret{Metadata: metadata{Version: known.Metadata.Version}, StringData: missing}
			status, err = c.call(ctx, http.MethodPatch, name, "application/merge-patch+json", patch, nil)
		}
		if status != http.StatusConflict {
			return added, err
		}
	}
	return 0, fmt.Errorf("the Secret %s changes all the time", name)
}

func (c *Cluster) secret(name string, values Values) secret {
	labels := map[string]string{
		"app.kubernetes.io/part-of": "stoa", "app.kubernetes.io/instance": c.instance, "app.kubernetes.io/managed-by": "stoa",
	}
	return secret{"v1", "Secret", metadata{Name: name, Labels: labels}, nil, values}
}

// call sends a request about one Secret, or about all if name is empty, and reads the answer into out. Its error is not nil for a
// status of 400 and more.
func (c *Cluster) call(ctx context.Context, method, name, contentType string, in, out any) (status int, err error) {
	var sent io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		sent = bytes.NewReader(text)
	}
	url := c.address + "/api/v1/namespaces/" + c.namespace + "/secrets"
	if name != "" {
		url += "/" + name
	}
	request, err := http.NewRequestWithContext(ctx, method, url, sent)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	answer, err := c.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 2<<20))
	switch {
	case err != nil:
		return 0, err
	case answer.StatusCode >= http.StatusBadRequest:
		var problem struct{ Message string }
		_ = json.Unmarshal(body, &problem) // the status alone says enough
		return answer.StatusCode, fmt.Errorf("%s the Secret %s: %d %s", method, name, answer.StatusCode, problem.Message)
	case out == nil:
		return answer.StatusCode, nil
	}
	return answer.StatusCode, json.Unmarshal(body, out)
}
