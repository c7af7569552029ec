package lint

import "slices"

// exclusiveVolume is the PersistentVolumeClaim of w's pods that the pods of one node
// can mount at a time, "" if there is none. A claim that is not in the set may be
// such a one: most are.
func (s *set) exclusiveVolume(w *workload) string {
	for _, v := range w.pod.Get("volumes").Items() {
		name := v.Get("persistentVolumeClaim", "claimName").Text()
		if name == "" {
			continue
		}
		claim := s.claims[key{"PersistentVolumeClaim", w.Namespace, name}]
		if claim == nil || !shared(claim.Get("spec", "accessModes").Texts()) {
			return name
		}
	}
	return ""
}

func shared(modes []string) bool {
	return slices.Contains(modes, "ReadWriteMany") || slices.Contains(modes, "ReadOnlyMany")
}
