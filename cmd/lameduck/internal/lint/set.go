package lint

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"

// set is all objects that were given, and which of them belong together. What
// belongs together is in one namespace.
type set struct {
	ids       []string // of all rules
	objects   []*object.Object
	workloads []*workload
	services  []*service
	budgets   []*budget
	configs   map[key]*object.Object // ConfigMaps and Secrets
	claims    map[key]*object.Object // PersistentVolumeClaims
	byLabel   map[label][]*workload
}

// label is one label of the pods of a namespace.
type label struct{ namespace, name, value string }

func newSet(objects []*object.Object) *set {
	s := &set{objects: objects, configs: map[key]*object.Object{}, claims: map[key]*object.Object{}, byLabel: map[label][]*workload{}}
	scalers := map[key]*object.Object{}
	for _, o := range objects {
		switch {
		case isWorkload(o):
			s.workloads = append(s.workloads, newWorkload(o))
		case o.Is("", "ConfigMap"), o.Is("", "Secret"):
			s.configs[key{o.Kind, o.Namespace, o.Name}] = o
		case o.Is("", "PersistentVolumeClaim"):
			s.claims[key{o.Kind, o.Namespace, o.Name}] = o
		case o.Is("autoscaling", "HorizontalPodAutoscaler"), o.Is("keda.sh", "ScaledObject"):
			scalers[scaled(o)] = o
		}
	}
	for _, w := range s.workloads {
		for name, value := range w.labels {
			at := label{w.Namespace, name, value}
			s.byLabel[at] = append(s.byLabel[at], w)
		}
		w.configs = s.configs
		w.scaler = scalers[key{w.Kind, w.Namespace, w.Name}]
	}
	for _, o := range objects {
		switch {
		case o.Is("", "Service"):
			s.addService(o)
		case o.Is("policy", "PodDisruptionBudget"):
			s.addBudget(o)
		}
	}
	return s
}

func (s *set) addService(o *object.Object) {
	svc := newService(o)
	svc.workloads = s.selecting(o.Namespace, selector{labels: o.Get("spec", "selector").Labels()})
	for _, w := range svc.workloads {
		w.services = append(w.services, svc)
	}
	s.services = append(s.services, svc)
}

func (s *set) addBudget(o *object.Object) {
	b := &budget{Object: o, workloads: s.selecting(o.Namespace, labelSelector(o.Get("spec", "selector")))}
	for _, w := range b.workloads {
		w.budgets = append(w.budgets, b)
	}
	s.budgets = append(s.budgets, b)
}

// scaled names the workload that a HorizontalPodAutoscaler scales.
func scaled(o *object.Object) key {
	ref := o.Get("spec", "scaleTargetRef")
	kind := ref.Get("kind").Text()
	if kind == "" {
		kind = "Deployment" // the default of KEDA; an autoscaler has to name it
	}
	return key{kind, o.Namespace, ref.Get("name").Text()}
}

// selecting are the workloads of the namespace whose pods the selector selects.
func (s *set) selecting(namespace string, sel selector) []*workload {
	candidates := s.workloads
	for name, value := range sel.labels { // any one label leaves few
		candidates = s.byLabel[label{namespace, name, value}]
		break
	}
	var all []*workload
	for _, w := range candidates {
		if w.Namespace == namespace && sel.selects(w.labels) {
			all = append(all, w)
		}
	}
	return all
}
