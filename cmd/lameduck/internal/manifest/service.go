package manifest

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"

// selecting are the Services among objects that select pods with these labels.
// The others get a note.
func selecting(objects []object, namespace string, labels map[string]string) (found []object) {
	for _, o := range objects {
		switch {
		case !o.is("", "Service"):
		case !selects(o.get("spec").get("selector"), labels):
			o.note("Service %s selects other pods and is left out", document.Display(o.name))
		case o.namespace != namespace:
			o.note("Service %s is in namespace %s and the pods are in %s, so it selects none of them and is left out",
				document.Display(o.name), document.Display(o.namespace), document.Display(namespace))
		default:
			found = append(found, o)
		}
	}
	return found
}

// selects reports whether every label of a selector is among labels. An empty
// selector selects nothing: its endpoints are made by hand.
func selects(selector value, labels map[string]string) bool {
	fields := selector.fields()
	for _, f := range fields {
		want := value{file: selector.file, node: f.Value, path: selector.path + "." + f.Key.Value}.text("")
		if got, ok := labels[f.Key.Value]; !ok || got != want {
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
		Headless:                 spec.get("clusterIP").text("") == "None",
		PublishNotReadyAddresses: spec.get("publishNotReadyAddresses").truth(),
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
