package model

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"

// Set is all objects that were given, and which of them belong together. What
// belongs together is in one namespace.
type Set struct {
	Objects   []*object.Object
	Around    []*object.Object // those that concern the pods of other sets too
	Workloads []*Workload
	Services  []*Service
	Budgets   []*Budget
	configs   map[Key]*object.Object // ConfigMaps and Secrets
	claims    map[Key]*object.Object // PersistentVolumeClaims
	byLabel   map[label][]*Workload
	byName    map[Key]*Workload // made by the first call of Named
}

// label is one label of the pods of a namespace.
type label struct{ namespace, name, value string }

// NewSet is the set of the objects. around are those in it, and elsewhere, of which Around is
// true.
func NewSet(objects, around []*object.Object) *Set {
	s := &Set{Objects: objects, Around: around, configs: map[Key]*object.Object{}, claims: map[Key]*object.Object{}, byLabel: map[label][]*Workload{}}
	scalers := map[Key]*object.Object{}
	var webhooks []Webhook
	for _, o := range objects {
		switch {
		case IsWorkload(o):
			s.Workloads = append(s.Workloads, newWorkload(o))
		case o.Is("", "ConfigMap"), o.Is("", "Secret"):
			s.configs[Key{o.Kind, o.Namespace, o.Name}] = o
		case o.Is("", "PersistentVolumeClaim"):
			s.claims[Key{o.Kind, o.Namespace, o.Name}] = o
		case o.Is("autoscaling", "HorizontalPodAutoscaler"), o.Is("keda.sh", "ScaledObject"):
			scalers[scaled(o)] = o
		}
		webhooks = append(webhooks, webhooksOf(o)...)
	}
	for _, w := range s.Workloads {
		for name, value := range w.labels {
			at := label{w.Namespace, name, value}
			s.byLabel[at] = append(s.byLabel[at], w)
		}
		w.configs = s.configs
		w.Scaler = scalers[Key{w.Kind, w.Namespace, w.Name}]
	}
	routes := routesOf(objects)
	for _, o := range objects {
		switch {
		case o.Is("", "Service"):
			s.addService(o, webhooks, routes)
		case o.Is("policy", "PodDisruptionBudget"):
			s.addBudget(o)
		}
	}
	for _, w := range s.Workloads {
		w.byClients()
	}
	return s
}

func (s *Set) addService(o *object.Object, webhooks []Webhook, routes map[Key]*object.Object) {
	svc := newService(o)
	svc.Route = routes[Key{"Service", o.Namespace, o.Name}]
	for _, h := range webhooks {
		if svc.answers(h) {
			svc.webhooks = append(svc.webhooks, h)
		}
	}
	svc.Workloads = s.selecting(o.Namespace, Selector{Labels: o.Get("spec", "selector").Labels()})
	for _, w := range svc.Workloads {
		w.services = append(w.services, svc)
	}
	s.Services = append(s.Services, svc)
}

func (s *Set) addBudget(o *object.Object) {
	b := &Budget{Object: o, Workloads: s.selecting(o.Namespace, LabelSelector(o.Get("spec", "selector")))}
	for _, w := range b.Workloads {
		w.Budgets = append(w.Budgets, b)
	}
	s.Budgets = append(s.Budgets, b)
}

// scaled names the workload that a HorizontalPodAutoscaler scales.
func scaled(o *object.Object) Key {
	ref := o.Get("spec", "scaleTargetRef")
	kind := ref.Get("kind").Text()
	if kind == "" {
		kind = "Deployment" // the default of KEDA; an autoscaler has to name it
	}
	return Key{kind, o.Namespace, ref.Get("name").Text()}
}

// selecting are the workloads of the namespace whose pods the selector selects.
func (s *Set) selecting(namespace string, sel Selector) []*Workload {
	candidates := s.Workloads
	for name, value := range sel.Labels { // the workloads with any one of the labels are few
		candidates = s.byLabel[label{namespace, name, value}]
		break
	}
	var all []*Workload
	for _, w := range candidates {
		if w.Namespace == namespace && sel.selects(w.labels) {
			all = append(all, w)
		}
	}
	return all
}
