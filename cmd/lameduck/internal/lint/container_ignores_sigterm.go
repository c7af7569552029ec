package lint

import (
	"path"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
)

// Process 1 without a handler ignores the stop signal, and the pod is gone only when
// its last container is.
var ruleContainerIgnoresSIGTERM = rule{
	id:    "container-ignores-sigterm",
	title: "A container beside the server ignores the stop signal",
	why: "A pod is gone when its last container has ended. For process 1 of a container the kernel discards a signal that has no handler, and sleep, tail and a shell have none: such a container " +
		"beside the server holds each pod until SIGKILL at the end of the grace period. Nothing is dropped by that, but each step of a rollout and each drain of a node takes that long, " +
		"and a raised grace period makes it worse. With shareProcessNamespace the containers have no process 1 of their own, and the signal ends them.",
	sources: []string{
		"https://man7.org/linux/man-pages/man7/pid_namespaces.7.html",
		"https://kubernetes.io/docs/tasks/configure-pod-container/share-process-namespace/",
	},
	severity: Info,
	check:    eachWorkload(containerIgnoresSIGTERM),
}

// shortGrace is a grace period in seconds that delays no rollout or drain by much.
const shortGrace = 10

func containerIgnoresSIGTERM(w *model.Workload, r *report) {
	if len(w.Traffic()) == 0 || len(w.Containers) < 2 || w.Grace() <= shortGrace {
		return
	}
	for _, c := range w.Containers {
		p := c.Process1()
		if c.Serves() || !c.Alone() || p.Init != "" || len(p.Server) == 0 || !c.Get("command").Present() {
			continue
		}
		program := path.Base(p.Server[0])
		switch {
		case p.Lost != nil && p.Lost.Sure && p.Shell != "":
			program = p.Shell
		case p.Lost != nil && p.Shell != "" && script.OnlyWaits(p.Server): // both ignore it, whether the shell stays or not
			program = p.Shell + ", or " + program + " in its place,"
		case p.Lost != nil || p.Shell != "" || !script.OnlyWaits(p.Server):
			continue // a program may have a handler
		}
		f := r.add(w.Object, p.At, "container %s ignores the stop signal, since %s is its process 1 and has no handler for it: every pod takes all of its grace period of %d s to end", c.Name, program, w.Grace()).
			because("%s", runs(p))
		if p.Loop {
			sleep := "sleep N"
			if script.OnlyWaits(p.Server) {
				sleep = model.Plain(p.Server)
			}
			f.cure("write `trap 'exit 0' TERM` before the loop, and in it `%s & wait $!` in place of `%s`: a shell runs its trap while it waits", sleep, sleep)
			continue
		}
		f.cure("let a shell handle the signal, and wait for what runs in its background: `sh -c \"trap 'exit 0' TERM; %s & wait\"`", model.Plain(p.Server))
		if command := c.Get("command").Texts(); !c.Get("args").Present() && (slices.Equal(command, []string{"sleep", "infinity"}) || slices.Equal(command, []string{"tail", "-f", "/dev/null"})) {
			f.by(c.Value, []string{"command"}, []string{"sh", "-c", "trap 'exit 0' TERM; " + strings.Join(command, " ") + " & wait"})
		}
	}
}

// runs is what process 1 does all the time.
func runs(p *model.Process1) string {
	switch {
	case p.Loop:
		return p.Shell + " runs a loop with " + model.Short(p.Server) + " in it, and no trap"
	case p.Lost != nil && p.Lost.Sure:
		return p.Shell + " runs " + model.Short(p.Server) + ", waits for its end, and has no trap"
	}
	return "it runs " + model.Short(p.Server)
}
