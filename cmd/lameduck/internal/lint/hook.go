package lint

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// hook reads the preStop hook; nil if the container has none.
func (c *container) hook() *hook {
	if c.read == nil && c.preStop().Present() {
		c.read = c.newHook(c.preStop())
	}
	return c.read
}

func (c *container) newHook(v object.Value) *hook {
	seconds, command := v.Get("sleep", "seconds"), v.Get("exec", "command")
	switch {
	case seconds.Present():
		n, ok := seconds.Int()
		return &hook{script.Time{AtLeast: n, Planned: n, Open: !ok}, seconds, fmt.Sprintf("sleep %d s", n), true}
	case command.Present():
		return &hook{c.runs(command.Texts()), command, document.Display(strings.Join(strings.Fields(strings.Join(command.Texts(), " ")), " ")), false}
	}
	return &hook{script.Time{Open: true}, v, "httpGet", false} // or nothing: a rule of its own
}

// runs is how long the command of a hook takes. Kubernetes expands no $(NAME) in it, as it
// does in the command of a container; a shell expands its variables.
func (c *container) runs(command []string) script.Time {
	return script.TimeOf(command, c.valueOf, c.script)
}

// valueOf is a variable of the environment, if the manifest shows its value.
func (c *container) valueOf(name string) (string, bool) {
	v := c.environment()[name]
	return v.text, v.known
}

// script is the text of a file that the container mounts.
func (c *container) script(at string) (string, bool) {
	for _, f := range c.files() {
		if f.path == at {
			return f.text, true
		}
	}
	return "", false
}

// floor is what the kubelet leaves between the stop signal and SIGKILL, however long
// the hook took (minimumGracePeriodInSeconds).
const floor = 2

// uses reports whether the hook takes all of the grace period. One of 0 is a mistake of
// its own.
func (h *hook) uses(grace int) bool {
	return h != nil && grace > 0 && h.Planned > 0 && h.Planned >= grace-floor
}

// hookUsesTheGracePeriod reports whether one of the hooks does.
func (w *workload) hookUsesTheGracePeriod() bool {
	return slices.ContainsFunc(w.containers, func(c *container) bool { return c.hook().uses(w.grace()) })
}

// sleepsForNoTime reports whether the preStop hook is a sleep of 0 s.
func (c *container) sleepsForNoTime() bool {
	if n, ok := c.preStop().Get("sleep", "seconds").Int(); ok {
		return n == 0
	}
	command := c.preStop().Get("exec", "command").Texts()
	return len(command) == 2 && path.Base(command[0]) == "sleep" && command[1] == "0"
}
