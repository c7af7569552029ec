package lint

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// The hook runs at T0, when clients are still sent to the pod.
var ruleHookEndsTheServer = rule{
	id:    "hook-ends-the-server",
	title: "The preStop hook ends the server",
	why: "The preStop hook runs before the stop signal, to give the nodes time to remove the endpoint. A hook that itself stops the server (kill, nginx -s quit, a request to its quit endpoint) " +
		"ends it while new connections are still routed to the pod. Behind a sleep the same command does no harm: but the stop signal does what it does.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/",
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
	},
	severity: Error,
	check:    eachWorkload(hookEndsTheServer),
}

func hookEndsTheServer(w *workload, r *report) {
	for _, c := range w.containers {
		if !c.serves() {
			continue
		}
		get, command := c.preStop().Get("httpGet", "path"), c.preStop().Get("exec", "command")
		switch {
		case asksToStop(get.Text()):
			r.add(w.Object, get, "preStop httpGet %s ends the server at once, while new connections are still routed to the pod", short([]string{get.Text()})).
				because("container %s", c.name).
				cure("let the hook only wait, with sleep: {seconds: %d} in place of httpGet, and leave the end to the stop signal", drainDelay)
		case command.Present():
			c.endedByCommand(command, r)
		}
	}
}

// endedByCommand reports an exec hook that stops the server before it has waited.
func (c *container) endedByCommand(v object.Value, r *report) {
	line := c.stopsAtOnce()
	if line == nil {
		return
	}
	words, text, item := v.Texts(), "", v
	if call, isShell := script.StartsShell(words); isShell && call.InArg && call.Word > 0 {
		text, item = words[call.Word], v.Items()[call.Word]
	}
	f := r.add(c.workload.Object, item, "the preStop hook ends the server at once with %s, while new connections are still routed to the pod", short(line)).
		because("container %s: nothing in the hook waits before that", c.name)
	alone := text == "" || len(script.Commands(text)) == 1
	switch enough := c.workload.grace() >= drainDelay+reserve; {
	case alone && c.signalStops():
		f.cure("let the hook only wait, with sleep: {seconds: %d} in place of exec, and leave the end to the stop signal", drainDelay)
		if enough {
			f.replaceHook(c, drainDelay)
		}
	case text != "":
		f.cure("let it wait first: sleep %d before %s", drainDelay, short(line))
		if enough {
			f.by(item, nil, fmt.Sprintf("sleep %d; %s", drainDelay, text))
		}
	default:
		f.cure("let it wait first: [\"sh\", \"-c\", %q]", fmt.Sprintf("sleep %d; %s", drainDelay, plain(words)))
	}
}

// stopsAtOnce is the command of an exec hook that stops the container before it has
// waited; nil if none does.
func (c *container) stopsAtOnce() []string {
	words := c.preStop().Get("exec", "command").Texts()
	lines := [][]string{words}
	if call, isShell := script.StartsShell(words); isShell && call.InArg && call.Word > 0 {
		lines = script.Commands(words[call.Word])
	}
	for _, line := range lines {
		if len(line) == 0 {
			return nil
		}
		if c.stops(line) {
			return line
		}
		if !slices.Contains(script.Harmless, path.Base(line[0])) {
			return nil // it may wait
		}
	}
	return nil
}

// signalStops reports whether the stop signal makes the server finish its requests, as
// far as it is known: then the hook need not.
func (c *container) signalStops() bool {
	server := c.server()
	if server == nil {
		return false
	}
	signal, _ := c.stopSignal()
	return server.GracefulSignal != "" && signal == server.GracefulSignal || server.GracefulSignal == "" && !server.ReloadsOnTERM && server.Product
}

// enders are programs that end a server, with the words that do so.
var enders = map[string][]string{
	"nginx": {"quit", "stop"}, "openresty": {"quit", "stop"}, "apachectl": {"stop", "graceful-stop"}, "apache2ctl": {"stop", "graceful-stop"}, "httpd": {"stop", "graceful-stop"}, "apache2": {"stop", "graceful-stop"},
	"caddy": {"stop"}, "pumactl": {"stop", "halt"}, "uwsgi": {"--stop"}, "supervisorctl": {"stop", "shutdown"}, "service": {"stop"}, "systemctl": {"stop", "poweroff"},
	"catalina.sh": {"stop"}, "asadmin": {"stop-domain"}, "shutdown.sh": nil,
}

// stops reports whether a command ends the server.
func (c *container) stops(line []string) bool {
	name := path.Base(line[0])
	switch {
	case name == "exec" || name == "sudo" || name == "env":
		return len(line) > 1 && c.stops(line[1:])
	case name == "kill" || name == "pkill" || name == "killall":
		return c.stopsBySignal(line[1:])
	case name == "curl" || name == "wget":
		return slices.ContainsFunc(line[1:], asksToStop)
	}
	words, ends := enders[name]
	return ends && (words == nil || slices.ContainsFunc(line[1:], func(w string) bool { return slices.Contains(words, w) }))
}

// stopsBySignal reads the arguments of kill.
func (c *container) stopsBySignal(args []string) bool {
	signal := "SIGTERM"
	for i, arg := range args {
		name, found := strings.CutPrefix(arg, "-")
		switch {
		case !found:
			continue
		case (name == "s" || name == "-signal") && i+1 < len(args):
			signal = signalName(args[i+1])
		case strings.HasPrefix(name, "-signal="):
			signal = signalName(name[len("-signal="):])
		case name == "0" || name == "l":
			return false
		case signalNames[name] != "" || len(name) > 2 && strings.ToUpper(name) == name:
			signal = signalName(name)
		}
	}
	server := c.server()
	return slices.Contains([]string{"SIGTERM", "SIGINT", "SIGQUIT", "SIGKILL"}, signal) || server != nil && signal == server.GracefulSignal
}

// asksToStop reports whether a URL, or the path of one, makes servers end: that of Envoy
// and of Spring Boot. A path named shutdown may as well drain and wait, as Contour's does.
func asksToStop(url string) bool {
	url, _, _ = strings.Cut(url, "?")
	return strings.HasSuffix(url, "/quitquitquit") || strings.HasSuffix(url, "/actuator/shutdown")
}
