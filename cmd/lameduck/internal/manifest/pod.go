package manifest

import (
	"slices"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// workload reads the workload d, and of objects the Services that select its
// pods, and the ConfigMaps and Secrets of its variables.
func (f *file) workload(d object, objects []object, want Choice) *Workload {
	spec := d.get("spec")
	w := &Workload{
		File:      f.name,
		Kind:      d.kind,
		Name:      d.get("metadata").get("name").required(),
		Namespace: d.namespace,
		Replicas:  1,
		Strategy:  strategyOf(d.kind, spec),
		MinReady:  spec.get("minReadySeconds").seconds(0, 0),
	}
	if d.kind != "DaemonSet" {
		w.Replicas = spec.get("replicas").number(1, 0)
	}
	template := spec.get("template")
	labels := map[string]string{}
	for _, label := range template.get("metadata").get("labels").fields() {
		labels[label.Key.Value] = value{file: f, node: label.Value, path: "spec.template.metadata.labels"}.text("")
	}
	podSpec := template.get("spec")
	containers := containersOf(podSpec)
	if len(containers) == 0 {
		podSpec.get("containers").fail("missing")
		return w
	}
	front := f.chooseFront(selecting(objects, d.namespace, labels), containers, want)
	w.Service, w.Target = front.service, front.target
	w.Pod = pod(podSpec, containers, front.container)
	w.Pod.Labels = labels
	w.Pod.Env = environment(containers[front.container].value, configsOf(objects, d.namespace))
	front.checkTarget(&w.Pod)
	f.notModelled(d, objects, w)
	w.Notes, w.Positions = f.notes, f.positions
	return w
}

// pod reads a pod template's spec, with the container of that index.
func pod(spec value, containers []container, chosen int) Pod {
	p := Pod{
		Grace:           spec.get("terminationGracePeriodSeconds").seconds(30*time.Second, 0),
		SharesProcesses: spec.get("shareProcessNamespace").truth(),
	}
	p.container(containers[chosen].value)
	others := slices.Delete(slices.Clone(containers), chosen, chosen+1)
	for _, c := range others {
		c.note("container %s is not run: the command is run as %s (--container chooses another)", document.Display(c.name), document.Display(p.Container))
	}
	for _, c := range spec.get("initContainers").items() {
		kind := "init container"
		if c.get("restartPolicy").text("") == "Always" {
			kind = "sidecar"
		}
		c.note("%s %s is not run, only %s is", kind, document.Display(c.get("name").text("")), document.Display(p.Container))
	}
	return p
}
