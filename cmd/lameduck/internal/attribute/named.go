package attribute

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"

// named passes on attempts in their order, those of a cluster with the pod that is
// concluded for each: all of them were added before.
func (in *inference) named(recorded timeline.Attempts) timeline.Attempts {
	if in.run.Stage != "cluster" {
		return recorded
	}
	in.settle()
	in.attributeConnections()
	in.attributeDials()
	return func(next func(*timeline.Attempt)) error {
		var named timeline.Attempt
		dials := in.dials
		return recorded(func(a *timeline.Attempt) {
			named = *a
			dials = in.name(&named, dials)
			next(&named)
		})
	}
}

// name names the pod of an attempt. It returns the dials that are left: these have no
// number, and come in the same order each time.
func (in *inference) name(a *timeline.Attempt, dials []dial) []dial {
	switch {
	case a.Pod != "" || a.Control || a.Started == timeline.Never:
	case a.Conn != 0:
		if i, known := in.byNumber[a.Conn]; known {
			a.Pod, a.PodBy = in.connections[i].concluded()
		}
	case a.Failed() && len(dials) > 0:
		a.Pod, a.PodBy = dials[0].pod, dials[0].by
		return dials[1:]
	}
	return dials
}
