package model

import (
	"slices"
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Proxy is a program beside the server through which its traffic goes: that of its
// clients, or its own to a database.
type Proxy struct {
	repositories []string // ends of the image's repository
	Name         string
	Mesh         bool
	// Carries is what ends with the proxy.
	Carries string
}

var proxies = []Proxy{
	{[]string{"istio/proxyv2", "proxyv2"}, "istio-proxy", true, "the connections of its clients and its own"},
	{[]string{"linkerd/proxy", "linkerd-io/proxy"}, "linkerd-proxy", true, "the connections of its clients and its own"},
	{[]string{"hashicorp/consul-dataplane", "consul-dataplane"}, "consul-dataplane", true, "the connections of its clients and its own"},
	{[]string{"envoy", "aws-appmesh-envoy"}, "Envoy", true, "the connections that go through it"},
	{[]string{"oauth2-proxy/oauth2-proxy", "oauth2-proxy"}, "oauth2-proxy", false, "the connections of its clients"},
	{[]string{"cloud-sql-proxy", "gce-proxy", "cloudsql-docker/gce-proxy"}, "the Cloud SQL Auth Proxy", false, "its connections to the database"},
	{[]string{"alloydb-connectors/alloydb-auth-proxy", "alloydb-auth-proxy"}, "the AlloyDB Auth Proxy", false, "its connections to the database"},
	{[]string{"pgbouncer", "edoburu/pgbouncer", "bitnami/pgbouncer"}, "PgBouncer", false, "its connections to the database"},
	{[]string{"daprio/dapr", "dapr/dapr", "daprio/daprd"}, "daprd", false, "the connections that go through it"},
}

// Proxy is what the container is, if it is one; nil for any other. The name of the
// container counts for meshes only, whose injectors name it.
func (c *Container) Proxy() *Proxy {
	repository := c.Image().repository
	for i := range proxies {
		p := &proxies[i]
		if slices.ContainsFunc(p.repositories, func(r string) bool { return repository == r || strings.HasSuffix(repository, "/"+r) }) || p.Mesh && c.Name == p.Name {
			return p
		}
	}
	return nil
}

// watchers are programs that observe the server and serve none of its clients, by the name
// of their image.
var watchers = []string{"fluent-bit", "fluentd", "filebeat", "vector", "promtail", "alloy", "configmap-reload", "prometheus-config-reloader", "k8s-sidecar"}

// Watches reports whether the container only looks at the others, as far as its image and
// its ports show.
func (c *Container) Watches() bool {
	name, ports := c.imageName(), c.Get("ports").Items()
	return strings.Contains(name, "exporter") || slices.Contains(watchers, name) || len(ports) > 0 && !slices.ContainsFunc(ports, func(p object.Value) bool {
		return !namesMetrics(p.Get("name").Text())
	})
}

// Mesh is the mesh that the pods are in, as far as the manifest shows it; "" for none.
func (w *Workload) Mesh() string {
	for _, c := range w.Containers {
		if p := c.Proxy(); p != nil && p.Mesh && p.Name != "Envoy" {
			return strings.TrimSuffix(p.Name, "-proxy")
		}
	}
	annotations := w.Template.Get("metadata", "annotations")
	switch {
	case w.labels["sidecar.istio.io/inject"] == "true", annotations.Field("sidecar.istio.io/inject").Text() == "true", w.labels["istio.io/rev"] != "":
		return "istio"
	case annotations.Field("linkerd.io/inject").Text() == "enabled":
		return "linkerd"
	}
	return ""
}

// Version is the first two numbers of the tag; not ok if it has none.
func (img Image) Version() (major, minor int, ok bool) {
	numbers := strings.FieldsFunc(strings.TrimPrefix(img.tag, "v"), func(r rune) bool { return r == '.' || r == '-' })
	if len(numbers) < 2 {
		return 0, 0, false
	}
	major, err := strconv.Atoi(numbers[0])
	minor, err2 := strconv.Atoi(numbers[1])
	return major, minor, err == nil && err2 == nil
}
