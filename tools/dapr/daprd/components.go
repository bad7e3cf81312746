package main

import (
	"strings"

	contribbindings "github.com/dapr/components-contrib/bindings"
	"github.com/dapr/components-contrib/bindings/cron"
	"github.com/dapr/components-contrib/bindings/localstorage"
	"github.com/dapr/components-contrib/bindings/smtp"
	contribconfiguration "github.com/dapr/components-contrib/configuration"
	pgconfiguration "github.com/dapr/components-contrib/configuration/postgres"
	redisconfiguration "github.com/dapr/components-contrib/configuration/redis"
	contribnames "github.com/dapr/components-contrib/nameresolution"
	"github.com/dapr/components-contrib/nameresolution/kubernetes"
	"github.com/dapr/components-contrib/nameresolution/mdns"
	"github.com/dapr/components-contrib/nameresolution/nameformat"
	sqliteresolution "github.com/dapr/components-contrib/nameresolution/sqlite"
	contribpubsub "github.com/dapr/components-contrib/pubsub"
	"github.com/dapr/components-contrib/pubsub/jetstream"
	"github.com/dapr/components-contrib/pubsub/kafka"
	"github.com/dapr/components-contrib/pubsub/rabbitmq"
	redisstreams "github.com/dapr/components-contrib/pubsub/redis"
	contribsecretstores "github.com/dapr/components-contrib/secretstores"
	"github.com/dapr/components-contrib/secretstores/hashicorp/vault"
	kubernetessecrets "github.com/dapr/components-contrib/secretstores/kubernetes"
	"github.com/dapr/components-contrib/secretstores/local/env"
	"github.com/dapr/components-contrib/secretstores/local/file"
	contribstate "github.com/dapr/components-contrib/state"
	"github.com/dapr/components-contrib/state/mongodb"
	"github.com/dapr/components-contrib/state/mysql"
	postgresv1 "github.com/dapr/components-contrib/state/postgresql/v1"
	postgresv2 "github.com/dapr/components-contrib/state/postgresql/v2"
	"github.com/dapr/components-contrib/state/redis"

	"github.com/dapr/kit/logger"

	"github.com/dapr/dapr/pkg/components"
	"github.com/dapr/dapr/pkg/components/bindings"
	"github.com/dapr/dapr/pkg/components/configuration"
	"github.com/dapr/dapr/pkg/components/nameresolution"
	"github.com/dapr/dapr/pkg/components/pubsub"
	"github.com/dapr/dapr/pkg/components/secretstores"
	"github.com/dapr/dapr/pkg/components/state"
)

// component is a component that this sidecar has: its type in YAML, and how to make one.
type component struct {
	name string
	add  func(name string)
}

// all are the components of this sidecar, under the names that the official one gives them (cmd/daprd/components of Dapr). To
// have another one, add its line here and run `make tools`.
var all = []component{
	{"pubsub.jetstream", bus(jetstream.NewJetStream)},
	{"pubsub.kafka", bus(kafka.NewKafka)},
	{"pubsub.rabbitmq", bus(rabbitmq.NewRabbitMQ)},
	{"pubsub.redis", bus(redisstreams.NewRedisStreams)},

	{"state.mongodb", store(mongodb.NewMongoDB)},
	{"state.mysql", store(mysql.NewMySQLStateStore)}, // for MariaDB, too
	{"state.postgresql", postgres},
	{"state.redis", store(redis.NewRedisStateStore)},
	{"state.sqlite", store(newIndexedSQLite)},

	{"secretstores.hashicorp.vault", secrets(vault.NewHashiCorpVaultSecretStore)},
	{"secretstores.kubernetes", secrets(kubernetessecrets.NewKubernetesSecretStore)},
	{"secretstores.local.env", secrets(env.NewEnvSecretStore)},
	{"secretstores.local.file", secrets(file.NewLocalSecretStore)},

	{"configuration.postgresql", settings(pgconfiguration.NewPostgresConfigurationStore)},
	{"configuration.redis", settings(redisconfiguration.NewRedisConfigurationStore)},

	{"bindings.cron", input(cron.NewCron)},
	{"bindings.localstorage", output(localstorage.NewLocalStorage)},
	{"bindings.smtp", output(smtp.NewSMTP)},

	{"nameresolution.kubernetes", names(kubernetes.NewResolver)},
	{"nameresolution.nameformat", names(nameformat.NewResolver)}, // in Compose
	{"nameresolution.mdns", names(mdns.NewResolver)},
	{"nameresolution.sqlite", names(sqliteresolution.NewResolver)},
}

// register makes the components known to the runtime. Components panic if their registry has no logger.
func register() {
	log := logger.NewLogger("dapr.contrib")
	pubsub.DefaultRegistry.Logger, state.DefaultRegistry.Logger, secretstores.DefaultRegistry.Logger = log, log, log
	configuration.DefaultRegistry.Logger, bindings.DefaultRegistry.Logger, nameresolution.DefaultRegistry.Logger = log, log, log
	for _, c := range all {
		_, name, _ := strings.Cut(c.name, ".") // a registry holds one kind
		c.add(name)
	}
}

func bus(make func(logger.Logger) contribpubsub.PubSub) func(string) {
	return func(name string) { pubsub.DefaultRegistry.RegisterComponent(make, name) }
}

func store(make func(logger.Logger) contribstate.Store) func(string) {
	return func(name string) { state.DefaultRegistry.RegisterComponent(make, name) }
}

// postgres has two versions, which store documents in different tables.
func postgres(name string) {
	state.DefaultRegistry.RegisterComponentWithVersions(name, components.Versioning{
		Preferred: components.VersionConstructor{Version: "v2", Constructor: postgresv2.NewPostgreSQLStateStore},
		Others:    []components.VersionConstructor{{Version: "v1", Constructor: postgresv1.NewPostgreSQLStateStore}},
		Default:   "v1",
	})
}

func secrets(make func(logger.Logger) contribsecretstores.SecretStore) func(string) {
	return func(name string) { secretstores.DefaultRegistry.RegisterComponent(make, name) }
}

func settings(make func(logger.Logger) contribconfiguration.Store) func(string) {
	return func(name string) { configuration.DefaultRegistry.RegisterComponent(make, name) }
}

func input(make func(logger.Logger) contribbindings.InputBinding) func(string) {
	return func(name string) { bindings.DefaultRegistry.RegisterInputBinding(make, name) }
}

func output(make func(logger.Logger) contribbindings.OutputBinding) func(string) {
	return func(name string) { bindings.DefaultRegistry.RegisterOutputBinding(make, name) }
}

func names(make func(logger.Logger) contribnames.Resolver) func(string) {
	return func(name string) { nameresolution.DefaultRegistry.RegisterComponent(make, name) }
}
