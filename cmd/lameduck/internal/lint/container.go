package lint

import (
	"strconv"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

func newContainer(w *workload, v object.Value, sidecar bool) *container {
	return &container{Value: v, workload: w, name: v.Get("name").Text(), sidecar: sidecar}
}

func (c *container) preStop() object.Value { return c.Get("lifecycle", "preStop") }

// hasPort reports whether the container declares that port, by number or name.
func (c *container) hasPort(port string) bool {
	number, err := strconv.Atoi(port)
	for _, p := range c.Get("ports").Items() {
		if err != nil && p.Get("name").Text() == port || err == nil && p.Get("containerPort").IntOr(0) == number {
			return true
		}
	}
	return false
}

// alone reports whether the container has a PID namespace of its own, so that what it
// starts is process 1.
func (c *container) alone() bool {
	return !c.workload.pod.Get("shareProcessNamespace").True() && !c.workload.pod.Get("hostPID").True()
}
