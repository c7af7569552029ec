//go:build linux

package netnskube

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// coreDNS is the cluster's DNS server, a process on the first node instead of a
// pod. What is outside the cluster has no name: there is no server to forward to.
func (p plan) coreDNS(n node) (Component, error) {
	path := filepath.Join(n.Dir, "Corefile")
	corefile := fmt.Sprintf(`.:53 {
    errors
    health 127.0.0.1:10253
    ready 127.0.0.1:10254
    cache 30
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig %s
        pods insecure
    }
}
`, p.pki("coredns.kubeconfig"))
	return p.hyperkube(n, "coredns", "http://127.0.0.1:10254/ready", path), os.WriteFile(path, []byte(corefile), 0o644)
}

// startDNS makes what of cluster DNS is in the API, and starts its server.
func (k *keeper) startDNS(ctx context.Context, api *api) error {
	first := k.plan.Nodes[0]
	for _, o := range dnsObjects(first) {
		// The namespace, too, is new.
		err := k.await(ctx, o.collection, func(ctx context.Context) error { return api.create(ctx, o.collection, o.body) })
		if err != nil {
			return err
		}
	}
	server, err := k.plan.coreDNS(first)
	if err != nil {
		return err
	}
	return startAll(ctx, first, server)
}

type apiObject struct {
	collection string
	body       map[string]any
}

// dnsObjects are the right to read what names are made of, and a service that
// has the node for its only endpoint.
func dnsObjects(n node) []apiObject {
	type object = map[string]any
	const rbac = "/apis/rbac.authorization.k8s.io/v1/"
	watch := func(group string, resources ...string) object {
		return object{"apiGroups": []string{group}, "resources": resources, "verbs": []string{"list", "watch"}}
	}
	ports := []object{{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}}
	return []apiObject{
		{rbac + "clusterroles", object{
			"metadata": object{"name": "system:coredns"},
			"rules":    []object{watch("", "services", "pods", "namespaces"), watch("discovery.k8s.io", "endpointslices")},
		}},
		{rbac + "clusterrolebindings", object{
			"metadata": object{"name": "system:coredns"},
			"roleRef":  object{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:coredns"},
			"subjects": []object{{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "system:coredns"}},
		}},
		{"/api/v1/namespaces/kube-system/services", object{
			"metadata": object{"name": "kube-dns"},
			"spec":     object{"clusterIP": dnsService, "ports": ports},
		}},
		{"/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices", object{
			"metadata":    object{"name": "kube-dns-" + n.Name, "labels": object{"kubernetes.io/service-name": "kube-dns"}},
			"addressType": "IPv4",
			"endpoints":   []object{{"addresses": []string{n.IP}, "nodeName": n.Name, "conditions": object{"ready": true}}},
			"ports":       ports,
		}},
	}
}
