package kubernetes

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"stoa/pkg/common/must"
	"stoa/test/system"
)

// Each app has a service account of its own that may do nothing in the cluster, and shares a token with its sidecar.
func TestPods_haveAccountsAndTokens(t *testing.T) {
	accounts := map[string]string{}
	for _, p := range shared.appPods(t, "") {
		account := p.Spec.ServiceAccountName
		if other, taken := accounts[account]; taken && other != p.app() || account == "default" || account == "" {
			t.Errorf("%s has the service account %q, which is not its own", p.Metadata.Name, account)
		}
		accounts[account] = p.app()
		for _, c := range slices.Concat(p.Spec.Containers, p.Spec.InitContainers) {
			for _, token := range []string{"DAPR_API_TOKEN", "APP_API_TOKEN"} {
				if !c.hasSecret(token) {
					t.Errorf("%s: the container %s gets no %s from a secret", p.Metadata.Name, c.Name, token)
				}
			}
		}
	}
	if len(accounts) < 9 {
		t.Fatalf("only %v", accounts)
	}
	for account := range accounts {
		out, _ := shared.Kubectl(t.Context(), "auth", "can-i", "get", "secrets/stoa-secrets", "--namespace", namespace,
			"--as", "system:serviceaccount:"+namespace+":"+account) // it fails if the answer is no
		if strings.TrimSpace(out) != "no" {
			t.Errorf("may %s read the secrets of all? %s", account, out)
		}
	}
}

func (c container) hasSecret(name string) bool {
	return slices.ContainsFunc(c.Env, func(v variable) bool { return v.Name == name && v.ValueFrom.SecretKeyRef.Name != "" })
}

// A pod that may be created is not a pod that is let in: an app that the rules do not name is refused, also one that takes the
// name of another app in another namespace.
func TestSidecars_refuseTheWrongApp(t *testing.T) {
	c := shared
	if c.node == nil {
		t.Skip("NOT TESTED on another's cluster: pods that attack")
	}
	must.Do(t, c.makeNamespace(t.Context(), "elsewhere"))
	for _, intruder := range []struct{ namespace, app string }{{namespace, "intruder"}, {"elsewhere", "gateway"}} {
		t.Run(intruder.app+" in "+intruder.namespace, func(t *testing.T) {
			ip := c.intrude(t, intruder.namespace, intruder.app)
			// The gateway of this namespace may call this; without a sign-in, order-api would answer 401.
			status, body := c.ask(t, ip+":3500", "/v1.0/invoke/order-api."+namespace+"/method/api/v1/orders")
			if status != http.StatusForbidden || !strings.Contains(body, "access control policy has denied access") {
				t.Errorf("order-api answers it: %d %s", status, body)
			}
			var metadata struct{ Components []struct{ Name string } }
			_, body = c.ask(t, ip+":3500", "/v1.0/metadata")
			must.Do(t, json.Unmarshal([]byte(body), &metadata))
			for _, component := range metadata.Components {
				if strings.HasSuffix(component.Name, "-store") || strings.HasPrefix(component.Name, "pubsub-") {
					t.Errorf("its sidecar has loaded %s", component.Name)
				}
			}
			if status, body = c.ask(t, ip+":3500", "/v1.0/secrets/kubernetes/stoa-secrets"); status == http.StatusOK {
				t.Errorf("its sidecar shows secrets: %s", body)
			}
		})
	}
	t.Run("without a certificate", func(t *testing.T) {
		conn := must.Get(c.node.Dial(t.Context(), "tcp", c.appPods(t, "order-api")[0].Status.PodIP+":50002"))(t)
		defer conn.Close()
		if err := refusesStrangers(conn); err != nil {
			t.Error(err)
		}
	})
	t.Log("NOT TESTED: NetworkPolicies. The node's network plugin accepts them and does not enforce them.")
}

// refusesStrangers expects that a connection without a certificate is ended, by an alert of TLS: with TLS 1.3, after the handshake. A
// sidecar that speaks no TLS sends none.
func refusesStrangers(conn net.Conn) error {
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	secured := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	err := secured.Handshake()
	if err == nil {
		_, err = secured.Read(make([]byte, 1))
	}
	if err == nil || !strings.Contains(err.Error(), "remote error: tls") {
		return fmt.Errorf("the sidecar talks to somebody without a certificate: %v", err)
	}
	return nil
}

// intrude runs a pod with a sidecar that does what the test says, and returns its address.
func (c *cluster) intrude(t *testing.T, namespace, app string) (ip string) {
	t.Helper()
	text := must.Get(os.ReadFile(filepath.Join("testdata", "intruder.yaml")))(t)
	objects := strings.NewReplacer("{namespace}", namespace, "{app}", app, "{apps}", imageName("apps", thisBuild), "{sidecar}", imageName("sidecar", thisBuild)).Replace(string(text))
	must.Get(c.KubectlWith(t.Context(), objects, "apply", "--filename", "-"))(t)
	t.Cleanup(func() {
		_, err := c.KubectlWith(context.Background(), objects, "delete", "--ignore-not-found", "--now", "--filename", "-")
		if err != nil {
			t.Error(err)
		}
	})
	system.Within(t, patience, "the pod of "+app+" is ready", func() error {
		pods, err := c.pods(t.Context(), namespace, "test=intruder")
		if err != nil {
			return err
		}
		if len(pods) == 0 || !pods[0].ready() {
			return fmt.Errorf("got %+v", pods)
		}
		ip = pods[0].Status.PodIP
		return nil
	})
	return ip
}

// ask sends a request to an address in the cluster.
func (c *cluster) ask(t *testing.T, address, path string) (status int, body string) {
	t.Helper()
	transport := &http.Transport{}
	if c.node != nil {
		transport.DialContext = c.node.Dial
	}
	asker := http.Client{Transport: transport, Timeout: 30 * time.Second}
	defer asker.CloseIdleConnections()
	request := must.Get(http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil))(t)
	response := must.Get(asker.Do(request))(t)
	defer response.Body.Close()
	return response.StatusCode, string(must.Get(io.ReadAll(response.Body))(t))
}
