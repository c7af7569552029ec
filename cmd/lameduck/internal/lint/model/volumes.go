package model

import "slices"

// ExclusiveVolume is the PersistentVolumeClaim of w's pods that cannot be mounted on two
// nodes at the same time, "" if there is none. A claim that is not in the set is taken for
// such a one: most are.
func (s *Set) ExclusiveVolume(w *Workload) string {
	for _, v := range w.Pod.Get("volumes").Items() {
		name := v.Get("persistentVolumeClaim", "claimName").Text()
		if name == "" {
			continue
		}
		claim := s.claims[Key{"PersistentVolumeClaim", w.Namespace, name}]
		if claim == nil || !shared(claim.Get("spec", "accessModes").Texts()) {
			return name
		}
	}
	return ""
}

func shared(modes []string) bool {
	return slices.Contains(modes, "ReadWriteMany") || slices.Contains(modes, "ReadOnlyMany")
}
