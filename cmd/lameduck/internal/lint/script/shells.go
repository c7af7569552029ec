package script

import "strings"

// Tail is how a script runs its last command: what decides whether a shell replaces
// itself with it, as if it was behind exec.
type Tail struct {
	Exec       bool // it is behind exec
	Never      bool // the shell has to stay: another command follows, or a pipe, a trap, a loop
	Redirected bool // its output or input is redirected
	compound   bool // it is in ( ), { }, an if or a case
	Newline    bool // the script goes on behind it, if only with the end of the line
	InFile     bool // the script is a file, and not an argument of -c
}

// replaced reports whether a shell replaces itself with the last command, so that this
// is process 1 and gets the stop signal. A shell that does not stays, and passes no
// signal on. Tried with dash 0.5.12, bash 5.2, busybox 1.35, ksh 93u+m and zsh 5.9, each as process 1.
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

// Behave reports in which of the shells that name may be the last command replaces the
// shell; sh is what sh is in the image, "" if that is not known.
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

// ShellNames are the shells with where one finds them.
func ShellNames(shells []string) string {
	where := map[string]string{"dash": "dash (Debian, Ubuntu)", "bash": "bash (Red Hat, Amazon Linux)", "ash": "ash (Alpine)"}
	names := make([]string, len(shells))
	for i, s := range shells {
		names[i] = where[s]
	}
	return strings.Join(names, " or ")
}
