package model

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Hook reads the preStop hook; nil if the container has none.
func (c *Container) Hook() *Hook {
	if c.read == nil && c.PreStop().Present() {
		c.read = c.newHook(c.PreStop())
	}
	return c.read
}

func (c *Container) newHook(v object.Value) *Hook {
	seconds, command := v.Get("sleep", "seconds"), v.Get("exec", "command")
	switch {
	case seconds.Present():
		n, ok := seconds.Int()
		return &Hook{script.Time{AtLeast: n, Planned: n, Open: !ok}, seconds, fmt.Sprintf("sleep %d s", n), true}
	case command.Present():
		return &Hook{c.runs(command.Texts()), command, document.Display(strings.Join(strings.Fields(strings.Join(command.Texts(), " ")), " ")), false}
	}
	return &Hook{script.Time{Open: true}, v, "httpGet", false} // or no handler, which has a rule of its own
}

// runs is how long the command of a hook takes. Kubernetes expands no $(NAME) in it, as it
// does in the command of a container; a shell expands its variables.
func (c *Container) runs(command []string) script.Time {
	return script.TimeOf(command, c.valueOf, c.script)
}

// valueOf is a variable of the environment, if the manifest shows its value.
func (c *Container) valueOf(name string) (string, bool) {
	v := c.Environment()[name]
	return v.Text, v.known
}

// script is the text of a file that the container mounts.
func (c *Container) script(at string) (string, bool) {
	for _, f := range c.Files() {
		if f.path == at {
			return f.Text, true
		}
	}
	return "", false
}

// Floor is how many seconds the kubelet leaves between the stop signal and SIGKILL, however long
// the hook took (minimumGracePeriodInSeconds).
const Floor = 2

// Uses reports whether the hook takes all of the grace period. A grace period of 0 has a
// rule of its own.
func (h *Hook) Uses(grace int) bool {
	return h != nil && grace > 0 && h.Planned > 0 && h.Planned >= grace-Floor
}

// HookUsesTheGracePeriod reports whether one of the hooks takes all of the grace period.
func (w *Workload) HookUsesTheGracePeriod() bool {
	return slices.ContainsFunc(w.Containers, func(c *Container) bool { return c.Hook().Uses(w.Grace()) })
}

// SleepsForNoTime reports whether the preStop hook is a sleep of 0 s.
func (c *Container) SleepsForNoTime() bool {
	if n, ok := c.PreStop().Get("sleep", "seconds").Int(); ok {
		return n == 0
	}
	command := c.PreStop().Get("exec", "command").Texts()
	return len(command) == 2 && path.Base(command[0]) == "sleep" && command[1] == "0"
}
