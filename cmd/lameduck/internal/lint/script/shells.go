package script

import "strings"

// Tail is how a script runs its last command, which decides whether a shell replaces itself
// with that command as it does with exec.
type Tail struct {
	Exec       bool // it has exec before it
	Never      bool // the shell has to stay: another command follows, or a pipe, a trap, a loop
	Redirected bool // its output or input is redirected
	compound   bool // it is in ( ), { }, an if or a case
	Newline    bool // something follows it in the script, if only the end of the line
	InFile     bool // the script is a file, and not an argument of -c
}

// replaced reports whether a shell replaces itself with the last command, so that the
// command is process 1 and gets the stop signal. A shell that does not replace itself
// passes no signal on. Tried with dash 0.5.12, bash 5.2, busybox 1.35, ksh 93u+m and zsh
// 5.9, each as process 1.
func (t Tail) replaced(shell string, login bool) bool {
	switch {
	case t.Exec:
		return true
	case t.Never:
		return false
	case shell == "ksh":
		return true
	case t.InFile:
		return false
	case shell == "bash":
		return !t.Redirected && !t.compound && !login
	case shell == "ash":
		return !t.Newline
	}
	return shell == "zsh" // dash never does
}

// shells that are sh in one image or another.
var shells = []string{"dash", "bash", "ash"}

// Behave lists the shells that the program of that name may be: those that the last command
// replaces, and those that stay. sh is the shell that sh is in the image, "" if that is not
// known.
func (t Tail) Behave(name string, login bool, sh string) (replaced, stays []string) {
	candidates := []string{name}
	if name == "sh" {
		candidates = shells
		if sh != "" {
			candidates = []string{sh}
		}
	}
	for _, shell := range candidates {
		if t.replaced(shell, login) {
			replaced = append(replaced, shell)
		} else {
			stays = append(stays, shell)
		}
	}
	return replaced, stays
}

// ShellNames are the shells, each with the distributions where it is sh.
func ShellNames(shells []string) string {
	where := map[string]string{"dash": "dash (Debian, Ubuntu)", "bash": "bash (Red Hat, Amazon Linux)", "ash": "ash (Alpine)"}
	names := make([]string, len(shells))
	for i, s := range shells {
		names[i] = where[s]
	}
	return strings.Join(names, " or ")
}
