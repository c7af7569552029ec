package lint

import (
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// The kubelet sends the stop signal to process 1 of a container and to no other. A
// shell has no handler for it and passes nothing on.
var ruleSignalDoesNotReachTheServer = rule{
	id:    "signal-does-not-reach-the-server",
	title: "The " + finding.SignalLost,
	why: "The stop signal goes to process 1 of a container and to no other process. A shell that runs the server as its child has no handler for it: as process 1 it ignores " +
		"the signal, so the server does not get it and goes on until SIGKILL at the end of the grace period, which cuts all requests in flight and all idle connections. As the child of an init such as tini " +
		"the shell ends at once, and the server is killed with it. Whether a shell replaces itself with its last command depends on the shell: dash, the sh of Debian and Ubuntu, never does; bash does for a simple " +
		"command after -c; the ash of Alpine if no line end follows, as in a block of YAML that begins with |. With exec each of them does. A preStop hook that sends the server a signal itself, as kill $(pidof server), needs none. npm, yarn and pnpm run a script with sh -c.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
		"https://man7.org/linux/man-pages/man7/pid_namespaces.7.html",
		"https://docs.docker.com/reference/dockerfile/#shell-form-entrypoint-example",
		"https://github.com/npm/cli/issues/6547",
	},
	severity: Error,
	check:    eachWorkload(signalDoesNotReachTheServer),
}

func signalDoesNotReachTheServer(w *model.Workload, r *report) {
	for _, c := range w.Containers {
		p := c.Process1()
		if p.Lost == nil || !c.Serves() || c.HookStopsServer() {
			continue
		}
		f := r.add(w.Object, p.At, "%s", p.Lost.Summary).because("%s", p.Lost.Source).cure("%s", p.Lost.Cure)
		if p.Lost.Mended != "" {
			f.by(p.At, nil, p.Lost.Mended)
		}
		if !p.Lost.Sure {
			f.as(Warning)
		}
	}
}
