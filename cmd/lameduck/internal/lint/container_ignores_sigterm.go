package lint

import (
	"path"
	"slices"
	"strings"

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

// shortGrace is a grace period in seconds that holds up nothing.
const shortGrace = 10

func containerIgnoresSIGTERM(w *workload, r *report) {
	if len(w.traffic()) == 0 || len(w.containers) < 2 || w.grace() <= shortGrace {
		return
	}
	for _, c := range w.containers {
		p := c.process1()
		if c.serves() || !c.alone() || p.init != "" || len(p.server) == 0 || !c.Get("command").Present() {
			continue
		}
		program := path.Base(p.server[0])
		switch {
		case p.lost != nil && p.lost.sure && p.shell != "":
			program = p.shell
		case p.lost != nil || p.shell != "" || !script.OnlyWaits(p.server):
			continue // a program may have a handler
		}
		f := r.add(w.Object, p.at, "container %s ignores the stop signal, since %s is its process 1 and has no handler for it: every pod takes all of its grace period of %d s to end", c.name, program, w.grace()).
			because("it runs %s", short(p.server))
		if p.loop {
			f.cure("write `trap 'exit 0' TERM` before the loop, and in it `sleep 10 & wait $!` in place of `sleep 10`: a shell runs its trap while it waits")
			continue
		}
		f.cure("let a shell handle the signal, and wait for what runs in its background: `sh -c \"trap 'exit 0' TERM; %s & wait\"`", plain(p.server))
		if command := c.Get("command").Texts(); !c.Get("args").Present() && (slices.Equal(command, []string{"sleep", "infinity"}) || slices.Equal(command, []string{"tail", "-f", "/dev/null"})) {
			f.by(c.Value, []string{"command"}, []string{"sh", "-c", "trap 'exit 0' TERM; " + strings.Join(command, " ") + " & wait"})
		}
	}
}
