package lint

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
	"coredns": "CoreDNS", "gunicorn": "gunicorn", "uvicorn": "uvicorn", "hypercorn": "Hypercorn", "puma": "Puma", "flask": "Flask",
}

// accepting are programs that go on to accept connections for a time by default, by the
// name of their image.
var accepting = []string{"skipper", "proxyv2"}

// stores are databases, caches and queues: their clients keep connections and connect again,
// and a delay before the end of one helps them little. By a part of the name of the image.
var stores = []string{
	"postgres", "pgbouncer", "mysql", "mariadb", "percona", "mongo", "redis", "valkey", "keydb", "memcached", "kafka", "redpanda", "zookeeper", "etcd",
	"rabbitmq", "activemq", "nats", "pulsar", "mosquitto", "elasticsearch", "opensearch", "cassandra", "scylla", "cockroach", "clickhouse", "minio",
	"influxdb", "neo4j", "couchdb", "couchbase", "mssql", "oracle", "vault", "consul",
}

// storePorts are ports of stores.
var storePorts = []string{
	"1433", "1521", "2181", "2379", "2380", "3306", "4222", "5432", "5672", "6379", "6650", "9042", "9092", "11211", "26257", "26379", "27017",
}

func (p servicePort) stores() bool {
	return slices.Contains(storePorts, p.targetPort) || slices.Contains(storePorts, strconv.Itoa(p.number))
}

// imageName is the last part of the image, without tag and digest.
func (c *container) imageName() string {
	image, _, _ := strings.Cut(c.Get("image").Text(), "@")
	name, _, _ := strings.Cut(path.Base(image), ":")
	return name
}

// stopsAcceptingAs is the server's name if the container runs one of stopsAccepting.
func (c *container) stopsAcceptingAs() (name string, ok bool) {
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

// acceptsByItself reports whether the container runs what delays its end by default, or
// embeds the library of lameduck.
func (c *container) acceptsByItself() bool {
	for name := range c.environment() {
		if strings.HasPrefix(name, "LAMEDUCK_") {
			return true
		}
	}
	return slices.Contains(accepting, c.imageName())
}

// stores reports whether the container is a database, a cache or a queue.
func (c *container) stores() bool {
	return slices.ContainsFunc(stores, func(part string) bool { return strings.Contains(c.imageName(), part) })
}
