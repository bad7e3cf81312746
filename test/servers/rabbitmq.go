package servers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// debianRabbitMQ is the server's own script. The one on PATH changes to a user of its own and to the machine's data.
const debianRabbitMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"

func rabbitMQ() (string, error) {
	if _, err := os.Stat(debianRabbitMQ); err == nil {
		return debianRabbitMQ, nil
	}
	return program("rabbitmq-server")
}

func findRabbitMQ() error {
	_, server := rabbitMQ()
	_, epmd := program("epmd")
	return needs("rabbitmq-server", server, epmd)
}

// rabbitMQTimeouts has the server take back what a sidecar holds for a subscription that ended (components/README.md), after
// 30 s, which no handler takes, instead of half an hour, and look for such every 5 s.
const rabbitMQTimeouts = "[{rabbit, [{consumer_timeout, 30000}, {channel_tick_interval, 5000}]}].\n"

// prepareRabbitMQ runs a node with a port mapper of its own: one that the node started would outlive it.
func prepareRabbitMQ(_ context.Context, s *Server) error {
	script, err := rabbitMQ()
	if err != nil {
		return err
	}
	epmd, err := program("epmd")
	if err != nil {
		return err
	}
	var ports [3]int
	for i := range ports {
		if ports[i], err = s.ports.Take(); err != nil {
			return err
		}
	}
	amqp, mapper, distribution := ports[0], ports[1], ports[2]
	secret := password()
	config := fmt.Sprintf("listeners.tcp.1 = %s\ndefault_user = stoa\ndefault_pass = %s\nloopback_users.stoa = true\n"+
		"log.console = true\nlog.console.level = warning\n", at(amqp), secret)
	files := map[string]string{"rabbitmq.conf": config, "advanced.config": rabbitMQTimeouts, "plugins": "[].\n", "env": ""}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	s.Version = "RabbitMQ " + rabbitMQVersion()
	s.Secrets["RABBITMQ_URL"] = fmt.Sprintf("amqp://stoa:%s@%s/", secret, at(amqp))
	env := append(os.Environ(), rabbitMQEnvironment(s.dir, amqp, mapper, distribution)...)
	s.run(process{command: []string{epmd, "-address", loopback, "-port", strconv.Itoa(mapper)}, env: env, ready: listens(mapper)})
	s.run(process{command: []string{script}, env: env, ready: answers(amqp, "AMQP\x00\x00\x09\x01", "RabbitMQ")})
	return nil
}

func rabbitMQEnvironment(dir string, amqp, mapper, distribution int) []string {
	in := func(name string) string { return filepath.Join(dir, name) }
	return []string{
		"HOME=" + dir, // where the cookie of the node is
		"RABBITMQ_NODENAME=stoa" + strconv.Itoa(amqp) + "@localhost",
		"RABBITMQ_CONFIG_FILE=" + in("rabbitmq.conf"), "RABBITMQ_ADVANCED_CONFIG_FILE=" + in("advanced.config"),
		"RABBITMQ_CONF_ENV_FILE=" + in("env"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + in("plugins"), "RABBITMQ_MNESIA_BASE=" + in("data"), "RABBITMQ_LOG_BASE=" + in("log"),
		"RABBITMQ_DIST_PORT=" + strconv.Itoa(distribution), "RABBITMQ_NODE_PORT=" + strconv.Itoa(amqp),
		"ERL_EPMD_PORT=" + strconv.Itoa(mapper), "ERL_EPMD_ADDRESS=" + loopback,
		// So the script becomes the server, instead of a parent who does not take it along when he is killed.
		"RABBITMQ_ALLOW_INPUT=true",
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-noinput -kernel inet_dist_use_interface {127,0,0,1}",
	}
}

// rabbitMQVersion reads the version off the folder of the server's code.
func rabbitMQVersion() string {
	const prefix = "/usr/lib/rabbitmq/lib/rabbitmq_server-"
	if found, _ := filepath.Glob(prefix + "*"); len(found) > 0 {
		return found[len(found)-1][len(prefix):]
	}
	return "of unknown version"
}
