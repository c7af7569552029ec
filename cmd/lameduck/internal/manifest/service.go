package manifest

// front is the Service among objects that selects pods with these labels, or
// nil. If there are more, the first; the others get a note.
func (f *file) front(objects []object, namespace string, labels map[string]string) *object {
	var chosen *object
	for _, o := range objects {
		switch {
		case !o.is("", "Service"):
		case o.namespace != namespace || !selects(o.get("spec").get("selector"), labels):
			o.note("Service %s selects other pods and is left out", display(o.name))
		case chosen != nil:
			o.note("Service %s selects these pods too; the traffic is sent to %s", display(o.name), display(chosen.name))
		default:
			chosen = &o
		}
	}
	return chosen
}

// selects reports whether every label of a selector is among labels. An empty
// selector selects nothing: its endpoints are made by hand.
func selects(selector value, labels map[string]string) bool {
	fields := selector.fields()
	for _, f := range fields {
		want := value{file: selector.file, node: f.value, path: selector.path + "." + f.key.Value}.text("")
		if got, ok := labels[f.key.Value]; !ok || got != want {
			return false
		}
	}
	return len(fields) > 0
}

// service reads a Service.
func service(o object) *Service {
	spec := o.get("spec")
	s := &Service{
		Name:                     o.get("metadata").get("name").required(),
		TrafficPolicy:            spec.get("externalTrafficPolicy").text("Cluster"),
		PublishNotReadyAddresses: spec.get("publishNotReadyAddresses").truth(),
	}
	if s.TrafficPolicy != "Cluster" && s.TrafficPolicy != "Local" {
		spec.get("externalTrafficPolicy").fail("want Cluster or Local, not %s", display(s.TrafficPolicy))
	}
	for _, port := range spec.get("ports").items() {
		if !tcp(port, "Service port") {
			continue
		}
		sp := ServicePort{Name: port.get("name").text(""), Port: needPort(port).portNumber()}
		sp.Target = PortRef{Number: sp.Port}
		if target := port.get("targetPort"); target.present() {
			sp.Target = target.port()
		}
		s.Ports = append(s.Ports, sp)
	}
	return s
}

// targets makes sure that the target port of the traffic exists: Kubernetes
// takes a name that no container has, and then the Service has no endpoint.
func targets(ports value, w *Workload) {
	if len(w.Service.Ports) == 0 || w.TargetPort() != 0 {
		return
	}
	ports.failHint("name the container port so, or give its number as targetPort",
		"the Service sends to port %s, which no container has", display(w.Service.Ports[0].Target.Name))
}
