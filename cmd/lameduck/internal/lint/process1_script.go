package lint

import (
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// script judges what a shell runs in the end. It returns the words of what takes the
// place of the shell, nil if nothing does.
func (p *process1) script(call shellCall, text string, args []string) []string {
	file := parseScript(text)
	if file == nil {
		return nil
	}
	r := newScriptReader(text, file)
	last := r.last(file.Stmts, tail{inFile: !call.inArg})
	if last == nil || len(last.words) == 0 {
		return nil
	}
	handler := r.handler(file)
	last.never = last.never || handler != nil
	replaced, stays := last.behave(call.name, call.login, p.container.image())
	words := withArgs(last.words, args)
	if last.exec || len(stays) == 0 {
		if strings.HasPrefix(words[0], "$") {
			return nil
		}
		return words
	}
	p.server, p.shell, p.loop = words, call.name, last.loop
	switch {
	case handler != nil:
		p.lost = r.handled(last, handler, file, p)
	case len(replaced) > 0:
		p.lost = p.dependsOnShell(call.name, replaced, stays, last)
	default:
		p.lost = p.staysWithShell(call.name, last)
	}
	switch {
	case p.lost == nil:
	case runsScripts(words):
		p.lost.cure = directly(words) // exec would only make npm process 1
	case p.file == "" && p.at.Text() == text:
		p.lost.mended = last.withExec(text, r)
	}
	return nil
}

// withArgs puts the arguments of a script in the place of "$@".
func withArgs(words, args []string) []string {
	if i := slices.IndexFunc(words, func(w string) bool { return w == "$@" || w == "$*" }); i >= 0 && len(args) > 0 {
		return slices.Replace(slices.Clone(words), i, i+1, args...)
	}
	return words
}

// staysWithShell is a shell that is process 1 for certain, or the child of an init.
func (p *process1) staysWithShell(shell string, l *lastRun) *lostSignal {
	lost := &lostSignal{sure: true, source: p.source(shell, l), cure: l.cure(shell)}
	how := "runs " + short(l.words) + " as its child"
	switch {
	case l.background:
		how = "runs " + short(l.words) + " in the background"
	case l.piped:
		how = "runs " + short(l.words) + " in a pipe"
	case l.loop:
		how = "runs " + short(l.words) + " in a loop"
	}
	lost.summary = fmt.Sprintf("the stop signal goes to %s, which %s: %s", shell, how, p.outcome())
	return lost
}

// dependsOnShell is a script whose last command replaces some shells, and others not.
func (p *process1) dependsOnShell(shell string, replaced, stays []string, l *lastRun) *lostSignal {
	lost := &lostSignal{source: p.source(shell, l), cure: l.cure(shell)}
	lost.summary = fmt.Sprintf("the stop signal goes to %s: where that is %s it runs %s as its child, and %s; with %s it would be process 1 itself",
		shell, shellNames(stays), short(l.words), p.outcome(), shellNames(replaced))
	return lost
}

// outcome is what then happens to the server.
func (p *process1) outcome() string {
	switch {
	case p.init != "":
		return "a shell that is not process 1 ends at once, and " + p.init + " with it, so the server is killed without a signal"
	case !p.container.alone():
		return "a shell that is not process 1 ends at once, and the container with it, so the server is killed without a signal"
	}
	return fmt.Sprintf("a shell passes no signal on, so the server goes on until SIGKILL at the end of the grace period of %d s", p.container.workload.grace())
}

func (p *process1) source(shell string, l *lastRun) string {
	text := ""
	if p.file != "" {
		text = p.file + ": "
	}
	switch {
	case l.background && l.waits != nil:
		return text + shell + " waits with " + short(argsOf(l.waits)) + ", and has no trap for the signal"
	case l.never || l.loop:
		return text + "a shell stays for what follows the command, is piped with it or runs it again"
	case l.inFile:
		return text + "a shell that runs a file stays process 1 unless the last command is behind exec"
	case shell == "bash" && l.redirected:
		return text + "bash -c replaces itself with its last command only where that has no redirection"
	case shell == "bash":
		return text + "bash -c replaces itself with its last command, but not as a login shell (-l), and not with one in parentheses, an if or a case"
	case l.newline && p.container.image().shell == "ash":
		return text + "the ash of Alpine replaces itself with its last command only if no line end follows: a block that begins with | ends with one"
	}
	return text + "dash -c never replaces itself with its last command"
}

// cure is an order that ends the fault.
func (l *lastRun) cure(shell string) string {
	switch {
	case l.background && daemon(l.words):
		return "run the server in the foreground as the last command, behind exec, such as `exec nginx -g \"daemon off;\"`"
	case l.background:
		return "run the server in the foreground as the last command, behind exec; what has to run beside it belongs in a container of its own"
	case l.piped:
		return "let the server write to its standard output, without the pipe, and start it with `exec " + plain(l.words) + "`"
	case l.loop:
		return "write `exec " + plain(l.words) + "` in place of the loop: the kubelet restarts a container that ends"
	case l.never:
		return "make it the last command, behind exec: `exec " + plain(l.words) + "`"
	}
	return "write exec before it: `exec " + plain(l.words) + "`"
}

// withExec is the script with exec before its last command; "" where that would change
// what it does.
func (l *lastRun) withExec(text string, r *scriptReader) string {
	if l.never || l.background || l.piped || l.loop || l.exec || len(l.call.Assigns) > 0 || r.functions[l.words[0]] != nil || holds(l.words) {
		return ""
	}
	at := int(l.call.Args[0].Pos().Offset())
	if at > len(text) {
		return ""
	}
	return text[:at] + "exec " + text[at:]
}

// handler is the trap for the stop signal; nil if there is none.
func (r *scriptReader) handler(file *syntax.File) (found *syntax.CallExpr) {
	syntax.Walk(file, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 2 && wordText(call.Args[0]) == "trap" {
			words := argsOf(call)
			if words[1] == "--" {
				words = words[1:]
			}
			if words[1] != "-" && words[1] != "" && slices.ContainsFunc(words[2:], stopsOn) {
				found = call
			}
		}
		return true
	})
	return found
}

// stopsOn reports whether a trap of that signal runs at a stop signal, as far as one
// is used for it.
func stopsOn(signal string) bool {
	return slices.Contains([]string{"TERM", "15", "QUIT", "3", "WINCH", "28", "USR1", "10", "EXIT", "0"}, strings.TrimPrefix(signal, "SIG"))
}

// handled judges a script with a trap.
func (r *scriptReader) handled(l *lastRun, handler *syntax.CallExpr, file *syntax.File, p *process1) *lostSignal {
	words := argsOf(handler)
	if slices.ContainsFunc(words[2:], func(w string) bool { return w == "EXIT" || w == "0" }) {
		return nil // not every shell runs it at a signal
	}
	lost := &lostSignal{sure: true, source: short([]string{r.text[handler.Pos().Offset():handler.End().Offset()]})}
	if p.file != "" {
		lost.source = p.file + ": " + lost.source
	}
	switch passes, waits := r.does(words[1]); {
	case !l.background && l.loop && (l.waits != nil || holds(l.words)):
		return nil // the trap runs between two rounds
	case !l.background, name(l.waits) != "wait" && !l.loop:
		held := l.words
		if l.background {
			held = argsOf(l.waits)
		}
		lost.summary = fmt.Sprintf("the stop signal goes to %s, which runs its trap only when %s has ended: %s", p.shell, short(held), p.killedAtTheEnd())
		lost.cure = "run the server in the background and let the shell wait for it: `server & pid=$!; trap 'kill -TERM $pid; wait $pid' TERM; wait $pid`"
	case !passes:
		lost.summary = fmt.Sprintf("the stop signal goes to %s, whose trap ends the script without a signal to %s: the server is killed with the container", p.shell, short(l.words))
		lost.cure = "let the trap pass the signal on and wait: `trap 'kill -TERM $pid; wait $pid' TERM`, with `pid=$!` behind the line that starts the server"
	case !waits && !l.loop && r.waitCalls(file) < 2:
		lost.summary = fmt.Sprintf("%s passes the stop signal on, and then ends, and with it the container: wait returns at once when a trap has run, so %s is killed before it has finished its requests", p.shell, short(l.words))
		lost.cure = "wait once more in the trap: `trap 'kill -TERM $pid; wait $pid' TERM`"
	default:
		return nil
	}
	return lost
}

func (p *process1) killedAtTheEnd() string {
	return fmt.Sprintf("the server goes on until SIGKILL at the end of the grace period of %d s", p.container.workload.grace())
}

func name(call *syntax.CallExpr) string {
	if call == nil || len(call.Args) == 0 {
		return ""
	}
	return wordText(call.Args[0])
}

// does reports what a trap does: pass a signal on, or start what may do so; and wait.
func (r *scriptReader) does(trap string) (passes, waits bool) {
	var body syntax.Node
	if f := parseScript(trap); f != nil {
		body = f
	}
	if stmt := r.functions[strings.TrimSpace(trap)]; stmt != nil {
		body = stmt
	}
	if body == nil {
		return true, true // it cannot be read
	}
	for _, call := range calls(body) {
		words := argsOf(call)
		switch {
		case len(words) == 0:
		case holds(words):
			waits = true
		case words[0] == "kill" || !slices.Contains(passing, words[0]):
			passes = true
			waits = waits || words[0] != "kill" && words[0] != "pkill" && words[0] != "killall"
		}
	}
	return passes, waits
}

// waitCalls counts wait: a second one waits on when a trap has ended the first.
func (r *scriptReader) waitCalls(file *syntax.File) (n int) {
	for _, call := range calls(file) {
		if name(call) == "wait" {
			n++
		}
	}
	return n
}
