package model

import (
	"path"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
)

// StopsAtOnce is the command of an exec hook that stops the container before the hook has
// waited; nil if none does.
func (c *Container) StopsAtOnce() []string {
	for _, line := range c.hookCommands() {
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

// hookCommands are the commands of an exec hook, in their order.
func (c *Container) hookCommands() [][]string {
	words := c.PreStop().Get("exec", "command").Texts()
	switch call, isShell := script.StartsShell(words); {
	case isShell && call.InArg && call.Word > 0:
		return script.Commands(words[call.Word])
	case isShell && call.Word > 0:
		words = words[call.Word:]
	}
	if len(words) == 0 {
		return nil
	}
	if file, ok := c.file(words[0]); ok && script.Shebang(file.Text) != "" {
		return script.Commands(file.Text)
	}
	return [][]string{words}
}

// HookStopsServer reports whether the preStop hook itself stops the server, early or late, so
// that the server does not depend on the stop signal of process 1.
func (c *Container) HookStopsServer() bool {
	if AsksToStop(c.PreStop().Get("httpGet", "path").Text()) {
		return true
	}
	return slices.ContainsFunc(c.hookCommands(), func(line []string) bool {
		return len(line) > 0 && c.stops(line) && !signalsProcess1(line)
	})
}

// signalsProcess1 reports whether a command is a kill of process 1.
func signalsProcess1(line []string) bool {
	kill := slices.IndexFunc(line, func(word string) bool { return path.Base(word) == "kill" })
	return kill >= 0 && line[len(line)-1] == "1"
}

// enders are programs that end a server, with the arguments that make them do so; nil: they
// need none.
var enders = map[string][]string{
	"nginx": {"quit", "stop"}, "openresty": {"quit", "stop"}, "apachectl": {"stop", "graceful-stop"}, "apache2ctl": {"stop", "graceful-stop"}, "httpd": {"stop", "graceful-stop"}, "apache2": {"stop", "graceful-stop"},
	"caddy": {"stop"}, "pumactl": {"stop", "halt"}, "uwsgi": {"--stop"}, "supervisorctl": {"stop", "shutdown"}, "service": {"stop"}, "systemctl": {"stop", "poweroff"},
	"apisix": {"quit", "stop"}, "catalina.sh": {"stop"}, "asadmin": {"stop-domain"}, "shutdown.sh": nil,
}

// stops reports whether a command ends the server.
func (c *Container) stops(line []string) bool {
	name := path.Base(line[0])
	switch {
	case name == "exec" || name == "sudo" || name == "env":
		return len(line) > 1 && c.stops(line[1:])
	case name == "kill" || name == "pkill" || name == "killall":
		return c.stopsBySignal(line[1:])
	case name == "curl" || name == "wget":
		return slices.ContainsFunc(line[1:], AsksToStop)
	}
	words, ends := enders[name]
	return ends && (words == nil || slices.ContainsFunc(line[1:], func(w string) bool { return slices.Contains(words, w) }))
}

// stopsBySignal reads the arguments of kill.
func (c *Container) stopsBySignal(args []string) bool {
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
	server := c.Server()
	return slices.Contains([]string{"SIGTERM", "SIGINT", "SIGQUIT", "SIGKILL"}, signal) || server != nil && signal == server.GracefulSignal
}

// AsksToStop reports whether a URL, or the path of one, makes servers end: that of Envoy
// and of Spring Boot. A path named shutdown may as well drain and wait, as Contour's does.
func AsksToStop(url string) bool {
	url, _, _ = strings.Cut(url, "?")
	return strings.HasSuffix(url, "/quitquitquit") || strings.HasSuffix(url, "/actuator/shutdown")
}
