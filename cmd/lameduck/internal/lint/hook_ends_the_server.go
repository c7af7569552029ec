package lint

import (
	"fmt"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// The hook runs at T0, when clients are still sent to the pod.
var ruleHookEndsTheServer = rule{
	id:    "hook-ends-the-server",
	title: "The " + finding.HookEndsServer,
	why: "The preStop hook runs before the stop signal, to give the nodes time to remove the endpoint. A hook that itself stops the server (kill, nginx -s quit, a request to its quit endpoint) " +
		"ends it while new connections are still routed to the pod. After a sleep the same command does no harm, but the stop signal has the same effect without it.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/",
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
	},
	severity: Error,
	check:    eachWorkload(hookEndsTheServer),
}

func hookEndsTheServer(w *model.Workload, r *report) {
	for _, c := range w.Containers {
		if !c.Serves() {
			continue
		}
		get, command := c.PreStop().Get("httpGet", "path"), c.PreStop().Get("exec", "command")
		switch {
		case model.AsksToStop(get.Text()):
			r.add(w.Object, get, "the "+finding.HookEndsServer+" at once with httpGet %s, while new connections are still routed to the pod", model.Short([]string{get.Text()})).
				because("container %s", c.Name).
				cure(finding.OnlyWait("with sleep: {seconds: %d} in place of httpGet"), model.DrainDelay)
		case command.Present():
			endedByCommand(c, command, r)
		}
	}
}

// endedByCommand reports an exec hook that stops the server before it has waited.
func endedByCommand(c *model.Container, v object.Value, r *report) {
	line := c.StopsAtOnce()
	if line == nil {
		return
	}
	words, text, item := v.Texts(), "", v
	if call, isShell := script.StartsShell(words); isShell && call.InArg && call.Word > 0 {
		text, item = words[call.Word], v.Items()[call.Word]
	}
	f := r.add(c.Workload.Object, item, "the "+finding.HookEndsServer+" at once with %s, while new connections are still routed to the pod", model.Short(line)).
		because("container %s: nothing in the hook waits before that", c.Name)
	alone := text == "" || len(script.Commands(text)) == 1
	switch enough := c.Workload.Grace() >= model.DrainDelay+model.Reserve; {
	case alone && signalFinishes(c):
		f.cure(finding.OnlyWait("with sleep: {seconds: %d} in place of exec"), model.DrainDelay)
		if enough {
			f.replaceHook(c, model.DrainDelay)
		}
	case text != "":
		f.cure("let it wait first: sleep %d before %s", model.DrainDelay, model.Short(line))
		if enough {
			f.by(item, nil, fmt.Sprintf("sleep %d; %s", model.DrainDelay, text))
		}
	default:
		f.cure("let it wait first: [\"sh\", \"-c\", %q]", fmt.Sprintf("sleep %d; %s", model.DrainDelay, model.Plain(words)))
	}
}

// signalFinishes reports whether the stop signal is known to make the server finish its
// requests: then the hook need not stop the server.
func signalFinishes(c *model.Container) bool {
	server := c.Server()
	if server == nil {
		return false
	}
	signal, _ := c.StopSignal()
	if server.GracefulSignal != "" {
		return signal == server.GracefulSignal
	}
	return server.Product && !server.ReloadsOnTERM && !server.StopsAtOnce(signal)
}
