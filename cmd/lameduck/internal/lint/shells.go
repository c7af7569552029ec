package lint

import "strings"

// tail is how a script runs its last command: what decides whether a shell replaces
// itself with it, as if it was behind exec.
type tail struct {
	exec       bool // it is behind exec
	never      bool // the shell has to stay: another command follows, or a pipe, a trap, a loop
	redirected bool // its output or input is redirected
	compound   bool // it is in ( ), { }, an if or a case
	newline    bool // the script goes on behind it, if only with the end of the line
	inFile     bool // the script is a file, and not an argument of -c
}

// replaced reports whether a shell replaces itself with the last command, so that this
// is process 1 and gets the stop signal. A shell that does not stays, and passes no
// signal on. Tried with dash 0.5.12, bash 5.2, busybox 1.35, ksh 93u+m and zsh 5.9, each as process 1.
func (t tail) replaced(shell string, login bool) bool {
	switch {
	case t.exec:
		return true
	case t.never:
		return false
	case shell == "ksh":
		return true
	case t.inFile:
		return false
	case shell == "bash":
		return !t.redirected && !t.compound && !login
	case shell == "ash":
		return !t.newline
	}
	return shell == "zsh" // dash never does
}

// shells that are sh in one image or another.
var shells = []string{"dash", "bash", "ash"}

// behave reports in which of the shells that name may be in the image the last command
// replaces the shell.
func (t tail) behave(name string, login bool, img image) (replaced, stays []string) {
	candidates := []string{name}
	if name == "sh" {
		candidates = shells
		if img.shell != "" {
			candidates = []string{img.shell}
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

// shellNames are the shells with where one finds them.
func shellNames(shells []string) string {
	where := map[string]string{"dash": "dash (Debian, Ubuntu)", "bash": "bash (Red Hat, Amazon Linux)", "ash": "ash (Alpine)"}
	names := make([]string, len(shells))
	for i, s := range shells {
		names[i] = where[s]
	}
	return strings.Join(names, " or ")
}
