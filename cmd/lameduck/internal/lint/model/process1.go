package model

import (
	"path"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// Process1 follows the command and the arguments of c through shells and scripts.
func (c *Container) Process1() *Process1 {
	if c.first == nil {
		c.first = &Process1{container: c}
		words, items, known := c.started()
		if len(items) > 0 {
			c.first.At = items[0]
			if at := c.Get("command"); at.Present() {
				c.first.At = at
			}
		}
		if d := c.dockerfile(); d != nil && len(items) == 0 {
			c.first.file, c.first.At = d.Name, c.Get("image")
		}
		c.first.follow(words, items)
		if c.first.Lost != nil && !known {
			c.first.Lost.Sure = false
		}
	}
	return c.first
}

// started are the words that the container starts, and where they are: the command and
// the args of the manifest, in place of ENTRYPOINT and CMD of the image. What args alone
// start is not known for certain, if nothing shows the ENTRYPOINT.
func (c *Container) started() (words []string, items []object.Value, known bool) {
	words, items = c.words(), append(c.Get("command").Items(), c.Get("args").Items()...)
	if c.Get("command").Present() {
		return words, items, true
	}
	if d := c.dockerfile(); d != nil {
		arguments := d.Cmd
		if len(words) > 0 {
			arguments = words
		}
		if d.ShellForm {
			arguments = nil
		}
		return append(slices.Clone(d.Entrypoint), arguments...), nil, len(d.Entrypoint) > 0
	}
	if len(words) > 0 && strings.HasPrefix(words[0], "-") {
		return nil, nil, false // options of the ENTRYPOINT
	}
	return words, items, false
}

// starters replace themselves with the command that follows: how many words of their
// own come first, and which options have a value.
var starters = map[string]struct {
	operands int
	valued   []string
}{
	"exec": {}, "command": {}, "nohup": {}, "busybox": {}, "catchsegv": {}, "ddtrace-run": {}, "opentelemetry-instrument": {},
	"env": {0, []string{"-u", "-C"}}, "nice": {0, []string{"-n"}}, "ionice": {0, []string{"-c", "-n"}}, "stdbuf": {0, []string{"-i", "-o", "-e"}},
	"gosu": {1, nil}, "su-exec": {1, nil}, "setuidgid": {1, nil}, "s6-setuidgid": {1, nil}, "chroot": {1, nil}, "taskset": {1, nil},
	"setpriv": {0, []string{"--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps", "--bounding-set"}},
	"chpst":   {0, []string{"-u", "-U", "-b", "-e", "-/", "-n", "-l", "-m", "-d", "-o", "-p", "-f", "-c"}},
	"bundle":  {1, nil}, // bundle exec
}

// inits are programs for process 1 that pass each signal on and wait for the command
// that they run; timeout and sudo do as well.
var inits = map[string][]string{
	"tini": {"-p", "-e"}, "tini-static": {"-p", "-e"}, "docker-init": {"-p", "-e"}, "dumb-init": {"-r", "--rewrite"}, "catatonit": nil,
	"sudo": {"-u", "-g", "-h", "-p", "-C", "-D"},
}

// follow goes from each program that starts another one to the next, down to the server.
// items are the places of the words, nil within a script.
func (p *Process1) follow(words []string, items []object.Value) {
	if p.depth++; p.depth > 8 || len(words) == 0 {
		return
	}
	skip := func(operands int, valued []string) {
		n := script.AfterOptions(words, operands, valued)
		if items != nil {
			items = items[n:]
		}
		p.follow(words[n:], items)
	}
	name := path.Base(words[0])
	starter, starts := starters[name]
	valued, isInit := inits[name]
	switch {
	case script.IsShell(name):
		p.runShell(words, items)
	case starts:
		skip(starter.operands, starter.valued)
	case isInit:
		p.Init = name
		skip(0, valued)
	case name == "timeout":
		p.Init = name
		skip(1, []string{"-s", "-k", "--signal", "--kill-after"})
	case p.follows(words):
	default:
		p.Server = words
	}
}

// follows handles the programs that run a server as their child; false for any other.
func (p *Process1) follows(words []string) bool {
	name := path.Base(words[0])
	switch {
	case name == "su":
		p.su(words)
	case name == "runsvdir" || name == "runsvdir-start":
		p.Server = words
		p.Lost = &LostSignal{
			Summary: "runsvdir exits at once on the stop signal, and with it the container: the services that it runs are killed without a signal",
			Cure:    "start runsvdir with a program that sends it SIGHUP on SIGTERM, which stops the services, such as the my_init of phusion/baseimage; or make the server the command",
			Source:  "runsvdir(8): it exits on TERM; on HUP it first sends TERM to each service", Sure: p.Init == "",
		}
	case runsScripts(words):
		p.scriptRunner(words)
	default:
		return p.mountedScript(words)
	}
	return true
}

// su is the loss of the signal to the su of util-linux: that of busybox replaces itself with
// the command.
func (p *Process1) su(words []string) {
	if p.container.Image().Shell == "ash" {
		return
	}
	p.Server = words
	p.Lost = &LostSignal{
		Summary: "su passes the stop signal on, and sends SIGKILL 2 s later: requests that take longer are cut",
		Cure:    "set securityContext.runAsUser in place of su, or start the server with exec setpriv, gosu or su-exec",
		Source:  "su of util-linux waits 2 s for its child when it is terminated",
	}
}

func (p *Process1) scriptRunner(words []string) {
	p.Server = words
	name := path.Base(words[0])
	p.Lost = &LostSignal{
		Summary: finding.SignalGoesTo + Short(words) + ", which runs the server through sh: where that is dash, as in images of Debian and Ubuntu, the shell ends at once, " +
			"and with it the container, before the server has got a signal",
		Cure:   directly(words),
		Source: name + " runs a script with sh -c and passes the signal on to that shell only",
	}
	if name == "npm" || name == "npx" {
		p.Lost.Source += "; npm 9.6.7 to 10.2 pass it on to nothing"
	}
}

// mountedScript follows a script that is a file of a ConfigMap in the set.
func (p *Process1) mountedScript(words []string) bool {
	file, ok := p.container.file(words[0])
	if !ok {
		return false
	}
	if shell := script.Shebang(file.Text); shell != "" {
		p.file = file.from
		p.follow(p.script(script.ShellCall{Name: shell}, file.Text, words[1:]), nil)
	}
	return true
}

// runShell follows sh -c "..." and sh script.
func (p *Process1) runShell(words []string, items []object.Value) {
	call, _ := script.StartsShell(words)
	switch {
	case call.Word == 0: // the shell reads its standard input
		p.Server = words
	case call.InArg:
		if items != nil {
			p.At = items[call.Word]
		}
		p.follow(p.script(call, words[call.Word], words[call.Word+1:]), nil)
	default:
		if file, ok := p.container.file(words[call.Word]); ok {
			p.file = file.from
			p.follow(p.script(call, file.Text, words[call.Word+1:]), nil)
		}
	}
}

// file is one that the container mounts from a ConfigMap of the set.
func (c *Container) file(at string) (File, bool) {
	for _, f := range c.Files() {
		if f.path == at {
			return f, true
		}
	}
	return File{}, false
}
