package manifest

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// notModelled leaves one note for each setting of the file that changes what
// clients see on a cluster, and has no effect in the lab.
func (f *file) notModelled(workload object, objects []object, w *Workload) {
	spec := workload.get("spec")
	pod := spec.get("template").get("spec")
	spec.get("paused").noteIf("paused is ignored: the rollout runs")
	pod.get("hostNetwork").noteIf("hostNetwork is ignored: each pod has a network of its own")
	pod.get("hostPID").noteIf("hostPID is ignored: the server is process 1 of its pod")
	if gates := pod.get("readinessGates"); len(gates.items()) > 0 {
		gates.note("readinessGates are ignored: a pod is ready when its containers are")
	}
	for i, c := range pod.get("containers").items() {
		if c.get("name").text("") == w.Pod.Container {
			containerNotModelled(pod.get("containers").items()[i], pod.get("volumes").items())
		}
	}
	if w.Pod.StopSignal != "" && !pod.get("os").get("name").present() {
		pod.note("Kubernetes refuses lifecycle.stopSignal in a pod without os.name; the lab uses it nevertheless")
	}
	for _, o := range objects {
		switch {
		case o.is("", "Service") && w.Service != nil && o.name == w.Service.Name && o.namespace == w.Namespace:
			serviceNotModelled(o.get("spec"))
		case o.is("policy", "PodDisruptionBudget") && selects(o.get("spec").get("selector").get("matchLabels"), w.Pod.Labels):
			o.note("PodDisruptionBudget %s is ignored: --action evict removes one pod", document.Display(o.name))
		case o.is("autoscaling", "HorizontalPodAutoscaler") && o.get("spec").get("scaleTargetRef").get("name").text("") == w.Name:
			o.note("HorizontalPodAutoscaler %s is ignored: the number of replicas is fixed", document.Display(o.name))
		}
	}
}

// containerNotModelled notes which settings of the container that is run have no effect.
func containerNotModelled(c value, volumes []value) {
	for _, mount := range c.get("volumeMounts").items() {
		name, path := mount.get("name").text(""), mount.get("mountPath").text("")
		for _, v := range volumes {
			own := path == "/tmp" || path == "/run" // each pod has its own in the lab too
			if v.get("name").text("") == name && !(own && v.get("emptyDir").present()) {
				mount.note("volume %s is not mounted: at %s the server sees what this machine has there", document.Display(name), document.Display(path))
			}
		}
	}
	ports := c.get("ports").items()
	if i := slices.IndexFunc(ports, func(p value) bool { return p.get("hostPort").present() }); i >= 0 {
		ports[i].get("hostPort").note("hostPort is ignored: clients connect through the Service")
	}
}

func serviceNotModelled(spec value) {
	if v := spec.get("sessionAffinity"); v.text("None") != "None" {
		v.note("sessionAffinity is ignored: each new connection goes to any ready pod")
	}
	for _, field := range []string{"externalTrafficPolicy", "internalTrafficPolicy"} {
		if v := spec.get(field); v.text("Cluster") != "Cluster" {
			if v.text("") != "Local" {
				v.fail("want Cluster or Local, not %s", document.Display(v.text("")))
			}
			v.note("%s Local is treated as Cluster: pods of the lab are not assigned to nodes", field)
		}
	}
	if v := spec.get("trafficDistribution"); v.present() {
		v.note("trafficDistribution is ignored: each new connection goes to any ready pod")
	}
	if v := spec.get("clusterIP"); v.text("") == "None" {
		v.note("the Service is headless: on a cluster its clients choose a pod by DNS; here each connection goes to any ready pod")
	}
}

// noteIf leaves a note where v is true.
func (v value) noteIf(format string) {
	if v.truth() {
		v.note("%s", format)
	}
}
