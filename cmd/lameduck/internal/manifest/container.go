package manifest

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"

// container is what of a container decides whether it is the one that is run.
type container struct {
	value
	name   string
	ports  []Port // the TCP ports
	probed int    // the port of its readiness probe; 0: no port
}

func containersOf(spec value) (all []container) {
	for _, v := range spec.get("containers").items() {
		c := container{value: v, name: v.get("name").text("")}
		for _, port := range v.get("ports").items() {
			if port.get("protocol").text("TCP") == "TCP" {
				c.ports = append(c.ports, Port{port.get("name").text(""), port.get("containerPort").portNumber()})
			}
		}
		for _, handler := range []string{"httpGet", "tcpSocket", "grpc"} {
			if port := v.get("readinessProbe").get(handler).get("port"); port.present() {
				c.probed = numberOf(port.port(), c.ports)
			}
		}
		all = append(all, c)
	}
	return all
}

// container reads one container into the pod.
func (p *Pod) container(c value) {
	p.Container = c.get("name").required()
	p.Command = c.get("command").texts()
	p.Args = c.get("args").texts()
	for _, port := range c.get("ports").items() {
		if tcp(port, "container port") {
			p.Ports = append(p.Ports, Port{port.get("name").text(""), port.get("containerPort").portNumber()})
		}
	}
	p.lifecycle(c.get("lifecycle"))
	p.Readiness = probe(c.get("readinessProbe"), p, false)
	p.Liveness = probe(c.get("livenessProbe"), p, true)
	p.Startup = probe(c.get("startupProbe"), p, true)
}

// tcp reports whether a port is TCP, which is the default and all that is served
// here; a note is left about any other.
func tcp(port value, what string) bool {
	protocol := port.get("protocol").text("TCP")
	if protocol != "TCP" {
		port.note("%s %s is %s and is left out", what, document.Display(port.get("name").text("")), document.Display(protocol))
	}
	return protocol == "TCP"
}
