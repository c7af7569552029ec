package model

import (
	"hash/maphash"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Groups are objects in groups that have nothing to do with each other: each is judged by
// itself, so that only one of them is unpacked at a time.
type Groups struct {
	All    [][]*object.Packed
	Around []*object.Object // those of all groups that concern the pods of others too

	unpacked map[*object.Packed]*object.Object // of Around
}

// Around are the objects that concern pods that neither they nor a Service name: those of a
// namespace, or all.
func Around(objects []*object.Object) []*object.Object {
	return slices.DeleteFunc(slices.Clone(objects), func(o *object.Object) bool { return !concernsOthers(o) })
}

func concernsOthers(o *object.Object) bool {
	return o.Is("", "Namespace") || o.Is("security.istio.io", "PeerAuthentication") ||
		o.Group == "kyverno.io" || o.Group == "policies.kyverno.io" || o.Group == "mutations.gatekeeper.sh" || o.Kind == "MutatingAdmissionPolicy"
}

// Open unpacks the objects of a group.
func (g *Groups) Open(group []*object.Packed) []*object.Object {
	objects := make([]*object.Object, len(group))
	for i, p := range group {
		if objects[i] = g.unpacked[p]; objects[i] == nil {
			objects[i] = p.Object()
		}
	}
	return objects
}

// Divide divides the objects into groups. With files, the objects of a file are in one group.
func Divide(objects []*object.Packed, files bool) *Groups {
	d := divider{union: make([]int32, len(objects)), first: map[uint64]int32{}, count: map[uint64]int32{}}
	g := &Groups{unpacked: map[*object.Packed]*object.Object{}}
	for i, p := range objects {
		d.union[i] = int32(i)
		o := p.Object()
		if concernsOthers(o) {
			g.Around = append(g.Around, o)
			g.unpacked[p] = o
		}
		if files {
			d.tie(i, hash(p.File().Name))
		}
		d.ties(i, o)
	}
	d.tieSelected()
	place := map[int32]int{} // in g.All, by the first object
	for i, p := range objects {
		first := d.firstOf(int32(i))
		at, known := place[first]
		if !known {
			at = len(g.All)
			place[first] = at
			g.All = append(g.All, nil)
		}
		g.All[at] = append(g.All[at], p)
	}
	return g
}

// divider joins objects that have a tie: something that both name, by its hash. That two have
// the same hash by chance makes a group larger than it has to be, and changes nothing else.
type divider struct {
	union     []int32          // another object of the same group, with a smaller number; of its first one itself
	first     map[uint64]int32 // the first object with a tie
	count     map[uint64]int32 // how many workloads have a label
	labels    []labels         // of the workloads
	selectors []labels
}

// labels are those of the pods of a workload, or of a selector.
type labels struct {
	of  int // the object
	all []uint64
}

var seed = maphash.MakeSeed()

func hash[T comparable](name T) uint64 { return maphash.Comparable(seed, name) }

// firstOf is the first object of the group that has object i.
func (d *divider) firstOf(i int32) int32 {
	for d.union[i] != i {
		d.union[i] = d.union[d.union[i]] // a shorter way for the next time
		i = d.union[i]
	}
	return i
}

func (d *divider) join(i, k int32) {
	i, k = d.firstOf(i), d.firstOf(k)
	d.union[max(i, k)] = min(i, k)
}

// tie joins object i with those that have the same tie.
func (d *divider) tie(i int, name uint64) {
	if other, known := d.first[name]; known {
		d.join(int32(i), other)
		return
	}
	d.first[name] = int32(i)
}

// ties finds what o names, and is named by.
func (d *divider) ties(i int, o *object.Object) {
	tie := func(kind, name string) {
		if name != "" {
			d.tie(i, hash(Key{kind, o.Namespace, name}))
		}
	}
	switch {
	case IsWorkload(o):
		d.workload(i, newWorkload(o))
	case o.Is("", "ConfigMap"), o.Is("", "Secret"), o.Is("", "PersistentVolumeClaim"), o.Is("cloud.google.com", "BackendConfig"):
		tie(o.Kind, o.Name)
	case o.Is("autoscaling", "HorizontalPodAutoscaler"), o.Is("keda.sh", "ScaledObject"):
		d.tie(i, hash(scaled(o)))
	case o.Is("", "Service"):
		tie(o.Kind, o.Name)
		d.selector(i, o.Namespace, Selector{Labels: o.Get("spec", "selector").Labels()})
		for _, name := range ServedBy(o.Name) {
			tie("", name)
		}
		for _, name := range BackendConfigs(o) {
			tie("BackendConfig", name)
		}
	case o.Is("policy", "PodDisruptionBudget"):
		d.selector(i, o.Namespace, LabelSelector(o.Get("spec", "selector")))
		for _, name := range NamedAfter(o.Name) {
			tie("", name)
		}
	default:
		for _, name := range backends(o) {
			tie("Service", name)
		}
		for _, h := range webhooksOf(o) {
			for _, key := range h.inManifest() {
				d.tie(i, hash(key))
			}
		}
	}
}

func (d *divider) workload(i int, w *Workload) {
	d.tie(i, hash(Key{w.Kind, w.Namespace, w.Name}))
	d.tie(i, hash(Key{"", w.Namespace, w.Name}))
	for _, v := range w.Pod.Get("volumes").Items() {
		if name := v.Get("persistentVolumeClaim", "claimName").Text(); name != "" {
			d.tie(i, hash(Key{"PersistentVolumeClaim", w.Namespace, name}))
		}
	}
	w.lookUp = func(key Key) {
		if key.Kind != "" && key.Name != "" {
			d.tie(i, hash(key))
		}
	}
	for _, c := range w.Containers {
		c.Environment()
		c.Files()
		c.configMaps()
	}
	for _, a := range w.AntiAffinity() {
		d.selector(i, w.Namespace, LabelSelector(a.Get("labelSelector")))
	}
	all := []uint64{hash(label{w.Namespace, "", ""})} // for a selector without labels
	for name, value := range w.labels {
		all = append(all, hash(label{w.Namespace, name, value}))
	}
	for _, name := range all {
		d.count[name]++
	}
	d.labels = append(d.labels, labels{i, all})
}

func (d *divider) selector(i int, namespace string, sel Selector) {
	if sel.empty() && !sel.emptyIsEvery {
		return
	}
	all := []uint64{hash(label{namespace, "", ""})}
	if len(sel.Labels) > 0 {
		all = all[:0]
	}
	for name, value := range sel.Labels {
		all = append(all, hash(label{namespace, name, value}))
	}
	d.selectors = append(d.selectors, labels{i, all})
}

// tieSelected joins each selector with the workloads that have the rarest of its labels: these
// are few, and those that it selects are among them.
func (d *divider) tieSelected() {
	for _, s := range d.selectors {
		rarest := slices.MinFunc(s.all, func(a, b uint64) int { return int(d.count[a] - d.count[b]) })
		if d.count[rarest] > 0 {
			d.tie(s.of, rarest)
		}
	}
	for _, w := range d.labels {
		for _, name := range w.all {
			if other, selected := d.first[name]; selected {
				d.join(int32(w.of), other)
			}
		}
	}
}
