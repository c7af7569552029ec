package manifest

import "time"

// workload reads the Deployment d, and the Service among objects that selects
// its pods.
func (f *file) workload(d object, objects []object) *Workload {
	spec := d.get("spec")
	w := &Workload{
		File:      f.name,
		Kind:      d.kind,
		Name:      d.get("metadata").get("name").required(),
		Namespace: d.namespace,
		Replicas:  spec.get("replicas").number(1, 0),
		Strategy:  strategy(spec.get("strategy")),
		MinReady:  spec.get("minReadySeconds").seconds(0, 0),
	}
	template := spec.get("template")
	labels := map[string]string{}
	for _, label := range template.get("metadata").get("labels").fields() {
		labels[label.key.Value] = value{file: f, node: label.value, path: "spec.template.metadata.labels"}.text("")
	}
	front := f.front(objects, d.namespace, labels)
	if front != nil {
		w.Service = service(*front)
	}
	w.Pod = pod(template.get("spec"), w.Service)
	w.Pod.Labels = labels
	if front != nil {
		targets(front.get("spec").get("ports"), w)
	}
	w.Notes, w.Positions = f.notes, f.positions
	return w
}

// strategy has the defaults of apps/v1: a quarter more, and a quarter fewer.
func strategy(v value) Strategy {
	quarter := IntOrPercent{Value: 25, Percent: true}
	s := Strategy{Type: v.get("type").text("RollingUpdate")}
	update := v.get("rollingUpdate")
	switch s.Type {
	case "RollingUpdate":
		s.MaxSurge = update.get("maxSurge").share(quarter)
		s.MaxUnavailable = update.get("maxUnavailable").share(quarter)
		if s.MaxSurge.Value == 0 && s.MaxUnavailable.Value == 0 {
			update.fail("maxSurge and maxUnavailable are both 0, so no pod could ever be replaced")
		}
		if s.MaxUnavailable.Percent && s.MaxUnavailable.Value > 100 {
			update.get("maxUnavailable").fail("want at most 100%%, not %d%%", s.MaxUnavailable.Value)
		}
	case "Recreate":
		if update.present() {
			update.fail("a Recreate strategy has none")
		}
	default:
		v.get("type").fail("want RollingUpdate or Recreate, not %s", display(s.Type))
	}
	return s
}

// pod reads a pod template's spec: the container that the Service sends to,
// or else the first.
func pod(spec value, s *Service) Pod {
	p := Pod{Grace: spec.get("terminationGracePeriodSeconds").seconds(30*time.Second, 0)}
	containers := spec.get("containers").items()
	if len(containers) == 0 {
		spec.get("containers").fail("missing")
		return p
	}
	chosen := containers[serving(containers, s)]
	p.container(chosen)
	for _, c := range containers {
		if c.path != chosen.path {
			c.note("container %s is not run, only %s is", display(c.get("name").text("")), display(p.Container))
		}
	}
	for _, c := range spec.get("initContainers").items() {
		kind := "init container"
		if c.get("restartPolicy").text("") == "Always" {
			kind = "sidecar"
		}
		c.note("%s %s is not run, only %s is", kind, display(c.get("name").text("")), display(p.Container))
	}
	return p
}

// serving is the index of the container that declares the port the Service
// sends to, else 0.
func serving(containers []value, s *Service) int {
	if s == nil || len(s.Ports) == 0 {
		return 0
	}
	target := s.Ports[0].Target
	for i, c := range containers {
		for _, port := range c.get("ports").items() {
			number, name := port.get("containerPort").number(0, 1), port.get("name").text("")
			if target.Name != "" && target.Name == name || target.Name == "" && target.Number == number {
				return i
			}
		}
	}
	return 0
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
	p.Env = environment(c)
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
		port.note("%s %s is %s and is left out", what, display(port.get("name").text("")), display(protocol))
	}
	return protocol == "TCP"
}

// environment reads literals and fields of the pod. What comes from anywhere
// else is not available here, and there is a note.
func environment(c value) []Env {
	for _, from := range c.get("envFrom").items() {
		from.note("envFrom is not available here, none of its variables is set")
	}
	var env []Env
	for _, v := range c.get("env").items() {
		e := Env{Name: v.get("name").required(), Value: v.get("value").text("")}
		from := v.get("valueFrom")
		if !from.present() {
			env = append(env, e)
			continue
		}
		if e.Value != "" {
			from.fail("not together with value")
		}
		if field := from.get("fieldRef"); field.present() {
			e.FieldPath = field.get("fieldPath").required()
			env = append(env, e)
			continue
		}
		source := "valueFrom"
		if fields := from.fields(); len(fields) > 0 {
			source = fields[0].key.Value
		}
		v.note("env %s comes from a %s, which is not available here: it is not set", display(e.Name), display(source))
	}
	return env
}
