package model

import "slices"

// ExclusiveVolume is the PersistentVolumeClaim of w's pods that the pods of one node
// can mount at a time, "" if there is none. A claim that is not in the set may be
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
