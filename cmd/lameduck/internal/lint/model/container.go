package model

import (
	"strconv"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

func newContainer(w *Workload, v object.Value, sidecar bool) *Container {
	return &Container{Value: v, Workload: w, Name: v.Get("name").Text(), Sidecar: sidecar}
}

func (c *Container) PreStop() object.Value { return c.Get("lifecycle", "preStop") }

// HasPort reports whether the container declares that port, by number or name.
func (c *Container) HasPort(port string) bool {
	number, err := strconv.Atoi(port)
	for _, p := range c.Get("ports").Items() {
		if err != nil && p.Get("name").Text() == port || err == nil && p.Get("containerPort").IntOr(0) == number {
			return true
		}
	}
	return false
}

// Alone reports whether the container has a PID namespace of its own, so that what it
// starts is process 1.
func (c *Container) Alone() bool {
	return !c.Workload.Pod.Get("shareProcessNamespace").True() && !c.Workload.Pod.Get("hostPID").True()
}
