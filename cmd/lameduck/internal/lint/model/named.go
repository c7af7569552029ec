package model

import "strings"

// NamedAfter are the names of the workload that a budget of that name is probably for.
func NamedAfter(name string) (names []string) {
	for _, suffix := range []string{"", "-pdb", "-poddisruptionbudget", "-pod-disruption-budget", "-disruption-budget", "-budget"} {
		if trimmed, found := strings.CutSuffix(name, suffix); found {
			names = append(names, trimmed)
		}
	}
	return names
}

// ServedBy are the names of the workload that a Service of that name is probably for.
func ServedBy(name string) (names []string) {
	for _, suffix := range []string{"", "-svc", "-service", "-headless"} {
		stem, found := strings.CutSuffix(name, suffix)
		if !found {
			continue
		}
		for _, kind := range []string{"", "-deployment", "-deploy", "-statefulset", "-daemonset"} {
			names = append(names, stem+kind)
		}
	}
	return names
}

// Named is the workload of the namespace that has one of these names: the first of them that
// any has; nil if none has.
func (s *Set) Named(namespace string, names []string) *Workload {
	if s.byName == nil {
		s.byName = map[Key]*Workload{}
		for _, w := range s.Workloads {
			s.byName[Key{Namespace: w.Namespace, Name: w.Name}] = w
		}
	}
	for _, name := range names {
		if w := s.byName[Key{Namespace: namespace, Name: name}]; w != nil {
			return w
		}
	}
	return nil
}
