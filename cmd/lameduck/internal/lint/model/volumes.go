package model

import (
	"cmp"
	"slices"
	"strings"
)

// ExclusiveVolume is why two pods of w on two nodes cannot mount one of their
// PersistentVolumeClaims, "" if they can. A claim that is not in the set is taken for such a
// one: most are.
func (s *Set) ExclusiveVolume(w *Workload) string {
	for _, v := range w.Pod.Get("volumes").Items() {
		name := v.Get("persistentVolumeClaim", "claimName").Text()
		if name == "" {
			continue
		}
		claim := s.claims[Key{"PersistentVolumeClaim", w.Namespace, name}]
		const cannot = "two pods on two nodes cannot mount PersistentVolumeClaim "
		if claim == nil {
			return cannot + name + ", unless it is ReadWriteMany"
		}
		if modes := claim.Get("spec", "accessModes").Texts(); !shared(modes) {
			return cannot + name + ": " + cmp.Or(strings.Join(modes, ", "), "it has no accessModes")
		}
	}
	return ""
}

func shared(modes []string) bool {
	return slices.Contains(modes, "ReadWriteMany") || slices.Contains(modes, "ReadOnlyMany")
}
