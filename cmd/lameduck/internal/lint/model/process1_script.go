package model

import (
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
)

// script finds what a shell runs in the end, and whether that gets the stop signal. It
// returns the words of what takes the place of the shell, nil if nothing does.
func (p *Process1) script(call script.ShellCall, text string, args []string) []string {
	file := script.Parse(text)
	if file == nil {
		return nil
	}
	r := script.NewReader(text, file)
	last := r.Last(file.Stmts, script.Tail{InFile: !call.InArg})
	if last == nil || len(last.Words) == 0 {
		return nil
	}
	handler := r.Handler(file)
	last.Never = last.Never || handler != nil
	replaced, stays := last.Behave(call.Name, call.Login, p.container.Image().Shell)
	words := withArgs(last.Words, args)
	if last.Exec || len(stays) == 0 {
		if strings.HasPrefix(words[0], "$") {
			return nil
		}
		return words
	}
	p.Server, p.Shell, p.Loop = words, call.Name, last.Loop
	switch {
	case handler != nil:
		p.Lost = p.handled(r, last, handler, file)
	case len(replaced) > 0:
		p.Lost = p.dependsOnShell(call.Name, replaced, stays, last)
	default:
		p.Lost = p.staysWithShell(call.Name, last)
	}
	switch {
	case p.Lost == nil:
	case runsScripts(words):
		p.Lost.Cure = directly(words) // exec would only make npm process 1
	case p.file == "" && p.At.Text() == text:
		p.Lost.Mended = last.WithExec(text, r)
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

// staysWithShell is the loss of the signal to a shell that certainly stays, as process 1 or
// as the child of an init.
func (p *Process1) staysWithShell(shell string, l *script.LastRun) *LostSignal {
	lost := &LostSignal{Sure: true, Source: p.source(shell, l), Cure: p.cure(l, shell)}
	how := "runs " + Short(l.Words) + " as its child"
	switch {
	case l.Background:
		how = "runs " + Short(l.Words) + " in the background"
	case l.Piped:
		how = "runs " + Short(l.Words) + " in a pipe"
	case l.Loop:
		how = "runs " + Short(l.Words) + " in a loop"
	}
	lost.Summary = fmt.Sprintf(finding.SignalGoesTo+"%s, which %s: %s", shell, how, p.outcome())
	return lost
}

// dependsOnShell is the loss of the signal in a script whose last command replaces some
// shells, and others not.
func (p *Process1) dependsOnShell(shell string, replaced, stays []string, l *script.LastRun) *LostSignal {
	lost := &LostSignal{Source: p.source(shell, l), Cure: p.cure(l, shell)}
	lost.Summary = fmt.Sprintf(finding.SignalGoesTo+"%s: where that is %s it runs %s as its child, and %s; with %s the command would be process 1 itself",
		shell, script.ShellNames(stays), Short(l.Words), p.outcome(), script.ShellNames(replaced))
	return lost
}

// outcome is what happens to the server when the signal goes to a shell.
func (p *Process1) outcome() string {
	switch {
	case p.Init != "":
		return "a shell that is not process 1 ends at once, and " + p.Init + " with it, so the server is killed without a signal"
	case !p.container.Alone():
		return "a shell that is not process 1 ends at once, and the container with it, so the server is killed without a signal"
	}
	return fmt.Sprintf("a shell passes no signal on, so the server goes on until SIGKILL at the end of the grace period of %d s", p.container.Workload.Grace())
}

func (p *Process1) source(shell string, l *script.LastRun) string {
	text := ""
	if p.file != "" {
		text = p.file + ": "
	}
	switch {
	case l.Background && l.Waits != nil:
		return text + shell + " waits with " + Short(script.Args(l.Waits)) + ", and has no trap for the signal"
	case l.Never || l.Loop:
		return text + "a shell stays where something follows the command, is piped with it, or runs it again"
	case l.InFile:
		return text + "a shell that runs a file stays process 1 unless exec is before the last command"
	case shell == "bash" && l.Redirected:
		return text + "bash -c replaces itself with its last command only where that has no redirection"
	case shell == "bash":
		return text + "bash -c replaces itself with its last command, but not as a login shell (-l), and not with one in parentheses, an if or a case"
	case l.Newline && p.container.Image().Shell == "ash":
		return text + "the ash of Alpine replaces itself with its last command only if no line end follows: a block that begins with | ends with one"
	case l.Newline && shell == "sh" && p.container.Image().Shell == "":
		return text + "dash -c never replaces itself with its last command, and ash only if no line end follows"
	}
	return text + "dash -c never replaces itself with its last command"
}

// cure is what to change, as an order.
func (p *Process1) cure(l *script.LastRun, shell string) string {
	switch {
	case l.Background && script.IsDaemon(l.Words):
		return "run the server in the foreground as the last command, with exec before it, such as `exec nginx -g \"daemon off;\"`"
	case l.Background:
		return "run the server in the foreground as the last command, with exec before it; what has to run beside it belongs in a container of its own"
	case l.Piped:
		return "let the server write to its standard output, without the pipe, and start it with `exec " + Plain(l.Words) + "`"
	case l.Loop:
		return "write `exec " + Plain(l.Words) + "` in place of the loop: the kubelet restarts a container that ends"
	case l.Never:
		return "make it the last command, with exec before it: `exec " + Plain(l.Words) + "`"
	}
	return "write exec before it: `exec " + Plain(l.Words) + "`"
}

// handled is the loss of the signal in a script with a trap; nil if the trap passes it on.
func (p *Process1) handled(r *script.Reader, l *script.LastRun, handler *syntax.CallExpr, file *syntax.File) *LostSignal {
	words := script.Args(handler)
	if slices.ContainsFunc(words[2:], func(w string) bool { return w == "EXIT" || w == "0" }) {
		return nil // not every shell runs it at a signal
	}
	lost := &LostSignal{Sure: true, Source: Short([]string{r.Text[handler.Pos().Offset():handler.End().Offset()]})}
	if p.file != "" {
		lost.Source = p.file + ": " + lost.Source
	}
	switch passes, waits := r.Does(words[1]); {
	case !l.Background && l.Loop && (l.Waits != nil || script.OnlyWaits(l.Words)):
		return nil // the trap runs between two rounds
	case !l.Background, script.NameOf(l.Waits) != "wait" && !l.Loop:
		held := l.Words
		if l.Background {
			held = script.Args(l.Waits)
		}
		lost.Summary = fmt.Sprintf(finding.SignalGoesTo+"%s, which runs its trap only when %s has ended: %s", p.Shell, Short(held), p.killedAtTheEnd())
		lost.Cure = "run the server in the background and let the shell wait for it: `server & pid=$!; trap 'kill -TERM $pid; wait $pid' TERM; wait $pid`"
	case !passes:
		lost.Summary = fmt.Sprintf(finding.SignalGoesTo+"%s, whose trap ends the script without a signal to %s: the server is killed with the container", p.Shell, Short(l.Words))
		lost.Cure = "let the trap pass the signal on and wait: `trap 'kill -TERM $pid; wait $pid' TERM`, with `pid=$!` after the line that starts the server"
	case !waits && !l.Loop && r.WaitCalls(file) < 2:
		lost.Summary = fmt.Sprintf("%s passes the stop signal on, and then ends, and with it the container: wait returns at once when a trap has run, so %s is killed before it has finished its requests", p.Shell, Short(l.Words))
		lost.Cure = "wait once more in the trap: `trap 'kill -TERM $pid; wait $pid' TERM`"
	default:
		return nil
	}
	return lost
}

func (p *Process1) killedAtTheEnd() string {
	return fmt.Sprintf("the server goes on until SIGKILL at the end of the grace period of %d s", p.container.Workload.Grace())
}
