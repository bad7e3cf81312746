package deploy

import (
	"cmp"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"stoa/internal/topology"
	"stoa/pkg/common/must"
)

// component is a Component.
type component struct {
	Type, Version string
	Metadata      []setting
}

type setting struct {
	Name, Value  string
	SecretKeyRef secretKey `yaml:"secretKeyRef"`
}

// The components in a cluster are those of the folders, and nothing else, on every bus and store.
func TestChart_componentsAreTheFiles(t *testing.T) {
	for bus, store := range map[string]string{"nats": "postgres", "kafka": "redis", "redis": "mariadb", "rabbitmq": "mongodb"} {
		made := render(t, on(bus, store)...).of("Component")
		for _, folder := range []string{"bus/" + bus, "store/" + store, "base/server"} {
			for _, file := range must.Get(filepath.Glob("../components/" + folder + "/*.yaml"))(t) {
				want := read[object](t, file)
				if want.Kind != "Component" {
					continue
				}
				got, ok := made[want.Metadata.Name]
				delete(made, want.Metadata.Name)
				if !ok || !reflect.DeepEqual(specOf[component](t, got), specOf[component](t, want)) || !slices.Equal(got.Scopes, want.Scopes) {
					t.Errorf("%s, %s: %s is not what %s says", bus, store, want.Metadata.Name, file)
				}
			}
		}
		if len(made) > 0 {
			t.Errorf("%s, %s: no file has %v", bus, store, slices.Sorted(maps.Keys(made)))
		}
	}
}

// Where topics are on two buses, every topic keeps the policies of its bus.
func TestChart_mixesBusesAndStores(t *testing.T) {
	args := append(on("nats", "postgres"), "--set", "bus.topics.stock=redis", "--set", "store.services.blog=mongodb")
	all := render(t, args...)
	components := all.of("Component")
	for name, want := range map[string]string{
		"pubsub-stock": "pubsub.redis", "pubsub-order-placed": "pubsub.jetstream", "blog-store": "state.mongodb", "auth-store": "state.postgresql",
	} {
		if got := specOf[component](t, components[name]).Type; got != want {
			t.Errorf("%s is a %s, want %s", name, got, want)
		}
	}
	type policies struct {
		Targets struct{ Components map[string]map[string]any }
	}
	resiliencies := all.of("Resiliency")
	nats, redis := specOf[policies](t, resiliencies["pubsub-nats"]), specOf[policies](t, resiliencies["pubsub-redis"])
	if len(redis.Targets.Components) != 1 || redis.Targets.Components["pubsub-stock"]["inbound"] == nil {
		t.Errorf("the policies of Redis are %v", redis)
	}
	if _, both := nats.Targets.Components["pubsub-stock"]; both || len(nats.Targets.Components) < 5 {
		t.Errorf("the policies of NATS are %v", nats)
	}
}

func TestChart_settingsReplaceThoseOfTheFiles(t *testing.T) {
	made := specOf[component](t, render(t, production...).of("Component")["pubsub-stock"])
	found := map[string]setting{}
	for _, s := range made.Metadata {
		if _, twice := found[s.Name]; twice {
			t.Errorf("%s is there twice", s.Name)
		}
		found[s.Name] = s
	}
	if found["authType"].Value != "password" || found["saslPassword"].SecretKeyRef.Name != "KAFKA_PASSWORD" || found["consumerGroup"].Value == "" {
		t.Errorf("got %v", found)
	}
}

// A service that has outgrown the database of all gets one of its own.
func TestChart_aServiceHasSettingsOfItsOwn(t *testing.T) {
	all := render(t, append(on("nats", "postgres"), "--set-string", "store.settings.postgres.maxConns=8,secrets.values.ORDER_URL=x",
		"--set", "store.settings.order.connectionString.secret=ORDER_URL")...)
	for name, want := range map[string]string{"order-store": "ORDER_URL", "auth-store": "POSTGRES_URL"} {
		found := map[string]setting{}
		for _, s := range specOf[component](t, all.of("Component")[name]).Metadata {
			found[s.Name] = s
		}
		if found["connectionString"].SecretKeyRef.Name != want || found["maxConns"].Value != "8" {
			t.Errorf("%s: got %v", name, found)
		}
	}
	if notes := deployments(t, all)["order-api"].Template.Metadata.Annotations; !strings.Contains(notes["dapr.io/env-from-secret"], "ORDER_URL=") {
		t.Errorf("order-api gets %s", notes["dapr.io/env-from-secret"])
	}
}

func TestChart_configurationsAreMerged(t *testing.T) {
	type configuration struct {
		API            struct{ Allowed []map[string]string }
		NameResolution struct{ Component string } `yaml:"nameResolution"`
		AccessControl  struct {
			DefaultAction string `yaml:"defaultAction"`
			TrustDomain   string `yaml:"trustDomain"`
			Policies      []struct {
				AppID       string `yaml:"appId"`
				TrustDomain string `yaml:"trustDomain"`
				Namespace   string
				Operations  []any
			}
		} `yaml:"accessControl"`
	}
	made := render(t, production...).of("Configuration")
	system := must.Get(topology.Load(".."))(t)
	for _, app := range system.Apps {
		c := specOf[configuration](t, made[app.ID])
		if len(c.API.Allowed) != len(system.APIs(app)) || c.NameResolution.Component != "kubernetes" || c.AccessControl.DefaultAction != "deny" {
			t.Errorf("the Configuration of %s is %+v", app.ID, c)
		}
		callers := map[string]bool{}
		for _, p := range c.AccessControl.Policies {
			callers[p.AppID] = true
			if p.TrustDomain != "shop.example" || c.AccessControl.TrustDomain != "shop.example" || p.Namespace != "shop" || len(p.Operations) == 0 {
				t.Errorf("%s lets %+v in", app.ID, p)
			}
		}
		if want := system.Policies(app); len(callers) != len(want) {
			t.Errorf("%s has the callers %v, want %v", app.ID, callers, want)
		}
	}
}

// A sidecar gets the secrets of the components that it loads and those that its app reads, and no others.
func TestChart_sidecarsGetTheirSecretsOnly(t *testing.T) {
	all := render(t, on("kafka", "postgres")...)
	system := must.Get(topology.Load(".."))(t)
	for id, d := range deployments(t, all) {
		want := map[string]bool{}
		for _, c := range all.of("Component") {
			if len(c.Scopes) > 0 && !slices.Contains(c.Scopes, id) {
				continue
			}
			for _, s := range specOf[component](t, c).Metadata {
				if s.SecretKeyRef.Name != "" {
					want[s.SecretKeyRef.Name] = true
				}
			}
		}
		for _, app := range system.Apps {
			for _, name := range app.Secrets {
				want[name] = want[name] || app.ID == id
			}
		}
		maps.DeleteFunc(want, func(_ string, own bool) bool { return !own })
		got := map[string]bool{}
		for entry := range strings.SplitSeq(d.Template.Metadata.Annotations["dapr.io/env-from-secret"], ",") {
			if name, key, ok := strings.Cut(entry, "="); ok && (key == "stoa-given:"+name || key == "stoa-secrets:"+name) {
				got[name] = true
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s gets %v, want %v", id, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
	}
}

// networkPolicy is what the tests read of one.
type networkPolicy struct {
	PolicyTypes     []string `yaml:"policyTypes"`
	Ingress, Egress []struct {
		Ports    []struct{ Port string }
		From, To []struct {
			PodSelector       selector `yaml:"podSelector"`
			NamespaceSelector selector `yaml:"namespaceSelector"`
		}
	}
}

type selector struct {
	MatchLabels map[string]string `yaml:"matchLabels"`
}

// lets are the connections that a policy permits, such as "8200 from monitoring" and "53"; a peer alone has every port.
func (p networkPolicy) lets() (in, out map[string]bool) {
	in, out = map[string]bool{}, map[string]bool{}
	named := func(p selector, n selector) string {
		return cmp.Or(p.MatchLabels["app.kubernetes.io/name"], n.MatchLabels["kubernetes.io/metadata.name"])
	}
	for _, rule := range p.Ingress {
		for _, port := range rule.Ports {
			in[port.Port] = true
			for _, peer := range rule.From {
				in[port.Port+" from "+named(peer.PodSelector, peer.NamespaceSelector)] = true
			}
		}
	}
	for _, rule := range p.Egress {
		for _, port := range rule.Ports {
			out[port.Port] = true
		}
		for _, peer := range rule.To {
			out[named(peer.PodSelector, peer.NamespaceSelector)] = len(rule.Ports) == 0
		}
	}
	return in, out
}

func TestChart_networkPoliciesFollowTheCalls(t *testing.T) {
	made := render(t, production...).of("NetworkPolicy")
	system := must.Get(topology.Load(".."))(t)
	want, got := map[string]bool{}, map[string]bool{}
	for _, c := range system.Calls {
		want[c.From+" -> "+c.To], want[c.From+" to "+c.To] = true, true
	}
	for _, app := range system.Apps {
		policy := specOf[networkPolicy](t, made[app.ID])
		if len(policy.PolicyTypes) != 2 {
			t.Errorf("the policy of %s is for %v", app.ID, policy.PolicyTypes)
		}
		for _, rule := range policy.Ingress {
			for _, peer := range rule.From {
				if caller := peer.PodSelector.MatchLabels["app.kubernetes.io/name"]; caller != "" && rule.Ports[0].Port == "50002" {
					got[caller+" -> "+app.ID] = true
				}
			}
		}
		for _, rule := range policy.Egress {
			for _, peer := range rule.To {
				if callee := peer.PodSelector.MatchLabels["app.kubernetes.io/name"]; callee != "" && rule.Ports[0].Port == "50002" {
					got[app.ID+" to "+callee] = true
				}
			}
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

// Where the policies are enforced, nothing works without these connections, besides the calls of apps.
func TestChart_networkPoliciesLetThroughWhatEverythingNeeds(t *testing.T) {
	ports := map[string]string{
		"pubsub.kafka": "9093", "pubsub.jetstream": "14222", "state.postgresql": "5432", "bindings.smtp": "587", "configuration.redis": "6379",
	}
	for name, args := range map[string][]string{"small": small, "production": production} {
		all := render(t, args...)
		expect := func(id string, got map[string]bool, want ...string) {
			for _, connection := range want {
				if !got[connection] {
					t.Errorf("%s: the policy of %s lacks %s: %v", name, id, connection, got)
				}
			}
		}
		for _, app := range must.Get(topology.Load(".."))(t).Apps {
			in, out := specOf[networkPolicy](t, all.of("NetworkPolicy")[app.ID]).lets()
			expect(app.ID, in, "8200 from monitoring", "9090 from monitoring")
			expect(app.ID, out, "53", "dapr-system", "4317")
			for _, c := range all.of("Component") {
				if port := ports[specOf[component](t, c).Type]; port != "" && (len(c.Scopes) == 0 || slices.Contains(c.Scopes, app.ID)) {
					expect(app.ID, out, port)
				}
			}
			if app.Public() && name == "production" {
				expect(app.ID, in, "http from ingress-nginx", "http from test")
			} else if app.Public() {
				expect(app.ID, in, "http")
			}
		}
		if name == "small" {
			in, _ := specOf[networkPolicy](t, all.of("NetworkPolicy")["broker"]).lets()
			expect("broker", in, "clients", "monitor from monitoring", "monitor from keda")
		}
	}
}

func TestChart_workersScaleOnWhatWaits(t *testing.T) {
	type trigger struct {
		Type     string
		Metadata map[string]string
	}
	system := must.Get(topology.Load(".."))(t)
	for bus, want := range map[string]string{
		"nats": "nats-jetstream", "kafka": "kafka", "redis": "redis-streams", "rabbitmq": "rabbitmq",
	} {
		all := render(t, append(on(bus, "postgres"), "--set", "scaling.events.enabled=true", "--set", "scaling.cpu.enabled=true")...)
		scaled, byCPU := all.of("ScaledObject"), all.of("HorizontalPodAutoscaler")
		for _, app := range system.Apps {
			topics := map[string]bool{}
			for _, topic := range system.ConsumedBy(app.ID) {
				topics[topic] = true
			}
			if _, ok := byCPU[app.ID]; ok == (len(topics) > 0) {
				t.Errorf("%s: %s scales on its CPU: %v", bus, app.ID, ok)
			}
			if len(topics) == 0 {
				continue
			}
			for _, tr := range specOf[struct{ Triggers []trigger }](t, scaled[app.ID]).Triggers {
				if tr.Type != "cpu" {
					name := tr.Metadata["stream"] + tr.Metadata["topic"] + strings.TrimPrefix(tr.Metadata["queueName"], app.ID+"-")
					if tr.Type != want || !topics[name] {
						t.Errorf("%s: %s scales on %+v", bus, app.ID, tr)
					}
					delete(topics, name)
				}
			}
			if len(topics) > 0 {
				t.Errorf("%s: %s does not scale on %v", bus, app.ID, topics)
			}
		}
		for id, d := range deployments(t, all) {
			if d.Replicas != nil {
				t.Errorf("%s: each upgrade would set the replicas of %s", bus, id)
			}
		}
	}
}

func TestChart_replicasEndOnceFewerWereEnoughForAWhile(t *testing.T) {
	text := must.Get(template(t, append(slices.Clone(small), "--set", "scaling.settle=7,scaling.cpu.enabled=true,scaling.events.enabled=true")...))(t)
	if got, want := strings.Count(text, "scaleDown: {stabilizationWindowSeconds: 7}"), len(must.Get(topology.Load(".."))(t).Apps); got != want {
		t.Errorf("got it for %d apps, want %d", got, want)
	}
}

// The one app that strangers reach has no way to a server, and starts without one.
func TestChart_thePublicAppReachesNoServer(t *testing.T) {
	for _, args := range [][]string{small, append(on("kafka", "mongodb"), "--set", "base.configuration=false")} {
		all := render(t, args...)
		if notes := deployments(t, all)["gateway"].Template.Metadata.Annotations; strings.Contains(notes["dapr.io/env"], "STOA_BROKER") {
			t.Error("the gateway's sidecar waits for a broker that it does not use")
		}
		for _, rule := range specOf[networkPolicy](t, all.of("NetworkPolicy")["gateway"]).Egress {
			for _, port := range rule.Ports {
				if !slices.Contains([]string{"53", "50002", "4317", "4318"}, port.Port) {
					t.Errorf("the gateway may connect to port %s", port.Port)
				}
			}
		}
	}
}

// A sidecar that loses its NATS for long gives up, and whoever runs it has to start it again. So it has to know the address.
func TestChart_sidecarsWatchTheirNATS(t *testing.T) {
	own := append(on("nats", "postgres"), "--set", "broker.enabled=false,broker.address=nats.example:4222,secrets.values.NATS_URL=x")
	for want, args := range map[string][]string{"STOA_BROKER=broker:14222": small, "STOA_BROKER=nats.example:4222": own, "": on("kafka", "postgres")} {
		if got := deployments(t, render(t, args...))["blog"].Template.Metadata.Annotations["dapr.io/env"]; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// The images contain no certificates, so a server with TLS would be refused: by sidecars, and by apps, which send traces.
func TestChart_allTrustTheAuthoritiesOfTheirServers(t *testing.T) {
	for id, d := range deployments(t, render(t, production...)) {
		mounted := d.Template.Metadata.Annotations["dapr.io/volume-mounts"] == "certificates:/etc/ssl/certs"
		if !mounted || !slices.ContainsFunc(d.Template.Spec.Volumes, func(v volume) bool { return v.Name == "certificates" && v.ConfigMap.Name == "authorities" }) {
			t.Errorf("the sidecar of %s trusts nobody: %v", id, d.Template.Spec.Volumes)
		}
		if mounts := d.Template.Spec.Containers[0].VolumeMounts; len(mounts) != 1 || mounts[0].MountPath != "/etc/ssl/certs" {
			t.Errorf("%s trusts nobody: %v", id, mounts)
		}
	}
}
