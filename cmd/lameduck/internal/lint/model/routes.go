package model

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"

// routesOf are the Services that an Ingress, or a route of a Gateway or a mesh, sends
// requests to, each with one object that does so.
func routesOf(objects []*object.Object) map[Key]*object.Object {
	all := map[Key]*object.Object{}
	for _, o := range objects {
		for _, name := range backends(o) {
			all[Key{"Service", o.Namespace, name}] = o
		}
	}
	return all
}

// backends are the names of the Services that o routes to.
func backends(o *object.Object) (names []string) {
	switch {
	case o.Kind == "Ingress":
		names = append(names, ofBackend(o.Get("spec", "defaultBackend")), ofBackend(o.Get("spec", "backend")))
		for _, rule := range o.Get("spec", "rules").Items() {
			for _, path := range rule.Get("http", "paths").Items() {
				names = append(names, ofBackend(path.Get("backend")))
			}
		}
	case o.Group == "gateway.networking.k8s.io":
		for _, rule := range o.Get("spec", "rules").Items() {
			for _, ref := range rule.Get("backendRefs").Items() {
				names = append(names, ref.Get("name").Text())
			}
		}
	}
	return names
}

// ofBackend is the name of the Service of a backend, in networking.k8s.io/v1 and in the
// versions before.
func ofBackend(v object.Value) string {
	if name := v.Get("service", "name").Text(); name != "" {
		return name
	}
	return v.Get("serviceName").Text()
}
