package lint

import (
	"slices"
	"strconv"
	"strings"
)

// proxy is a program beside the server through which its traffic goes: that of its
// clients, or its own to a database.
type proxy struct {
	repositories []string // ends of the image's repository
	name         string
	mesh         bool
	// carries is what stops with it.
	carries string
}

var proxies = []proxy{
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

// proxy is what the container is, if it is one; nil for any other. The name of the
// container counts for meshes only, whose injectors name it.
func (c *container) proxy() *proxy {
	repository := c.image().repository
	for i := range proxies {
		p := &proxies[i]
		if slices.ContainsFunc(p.repositories, func(r string) bool { return repository == r || strings.HasSuffix(repository, "/"+r) }) || p.mesh && c.name == p.name {
			return p
		}
	}
	return nil
}

// mesh is the mesh that the pods are in, as far as the manifest shows it; "" for none.
func (w *workload) mesh() string {
	for _, c := range w.containers {
		if p := c.proxy(); p != nil && p.mesh && p.name != "Envoy" {
			return strings.TrimSuffix(p.name, "-proxy")
		}
	}
	annotations := w.template.Get("metadata", "annotations")
	switch {
	case w.labels["sidecar.istio.io/inject"] == "true", annotations.Field("sidecar.istio.io/inject").Text() == "true", w.labels["istio.io/rev"] != "":
		return "istio"
	case annotations.Field("linkerd.io/inject").Text() == "enabled":
		return "linkerd"
	}
	return ""
}

// version is the first two numbers of the tag; not ok if it has none.
func (img image) version() (major, minor int, ok bool) {
	numbers := strings.FieldsFunc(strings.TrimPrefix(img.tag, "v"), func(r rune) bool { return r == '.' || r == '-' })
	if len(numbers) < 2 {
		return 0, 0, false
	}
	major, err := strconv.Atoi(numbers[0])
	minor, err2 := strconv.Atoi(numbers[1])
	return major, minor, err == nil && err2 == nil
}
