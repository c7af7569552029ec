package model

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// stopsAccepting are servers that close their listeners as soon as they get the stop
// signal, unless a setting of drainSettings delays that: by the name of the program or of
// its image.
var stopsAccepting = map[string]string{
	"nginx": "nginx", "nginx-unprivileged": "nginx", "openresty": "nginx",
	"httpd": "Apache httpd", "apache2": "Apache httpd", "haproxy": "HAProxy", "traefik": "Traefik", "caddy": "Caddy", "envoy": "Envoy",
	"coredns": "CoreDNS", "gunicorn": "gunicorn", "uvicorn": "uvicorn", "hypercorn": "Hypercorn", "granian": "Granian", "puma": "Puma", "flask": "Flask",
	"kong": "nginx", "kong-gateway": "nginx", "apisix": "nginx", "lighttpd": "lighttpd", "unicorn": "Unicorn", "unicorn_rails": "Unicorn", "nghttpx": "nghttpx",
}

// accepting are programs that go on accepting connections for a time by default, by the
// name of their image.
var accepting = []string{"skipper", "proxyv2"}

// stores are databases, caches and queues: their clients keep connections and connect again,
// and a drain delay of the store helps them little. They are found by the whole name of the
// image, because the console or the operator of a store has that name as a part of its own.
var stores = []string{
	"postgres", "postgresql", "postgis", "timescaledb", "pgbouncer", "pgpool", "mysql", "mysql-server", "mariadb", "mariadb-galera", "percona-server",
	"percona-xtradb-cluster", "mongo", "mongodb", "mongodb-community-server", "redis", "redis-cluster", "redis-sentinel", "redis-stack", "redis-stack-server",
	"valkey", "keydb", "memcached", "kafka", "cp-kafka", "redpanda", "zookeeper", "cp-zookeeper", "etcd", "rabbitmq", "activemq", "activemq-artemis", "nats",
	"nats-server", "nats-streaming", "pulsar", "mosquitto", "eclipse-mosquitto", "elasticsearch", "opensearch", "cassandra", "scylla", "cockroach", "cockroachdb",
	"clickhouse", "clickhouse-server", "minio", "influxdb", "neo4j", "couchdb", "couchbase", "vault", "consul",
}

// storePorts are ports of stores.
var storePorts = []string{
	"1433", "1521", "2181", "2379", "2380", "3306", "4222", "5432", "5672", "6379", "6650", "9042", "9092", "11211", "26257", "26379", "27017",
}

// Stores reports whether the port is that of a database, a cache or a queue.
func (p ServicePort) Stores() bool {
	return slices.Contains(storePorts, p.TargetPort) || slices.Contains(storePorts, strconv.Itoa(p.Number))
}

// imageName is the last part of the image, without tag and digest.
func (c *Container) imageName() string { return path.Base(c.Image().repository) }

// StopsAcceptingAs is the server's name if the container runs one of stopsAccepting.
func (c *Container) StopsAcceptingAs() (name string, ok bool) {
	if !c.Get("command").Present() {
		if name, ok = stopsAccepting[c.imageName()]; ok {
			return name, true
		}
	}
	words := strings.Fields(strings.Join(c.words(), " "))
	for _, w := range words[:min(len(words), 8)] { // sh -c exec python -m uvicorn
		if name, ok = stopsAccepting[path.Base(w)]; ok {
			return name, true
		}
	}
	return "", false
}

// acceptsByItself reports whether the container runs a program that delays its end by default, or
// embeds the library of lameduck.
func (c *Container) acceptsByItself() bool {
	for name := range c.Environment() {
		if strings.HasPrefix(name, "LAMEDUCK_") {
			return true
		}
	}
	return slices.Contains(accepting, c.imageName())
}

// Stores reports whether the container is a database, a cache or a queue.
func (c *Container) Stores() bool {
	return slices.Contains(stores, c.imageName())
}
