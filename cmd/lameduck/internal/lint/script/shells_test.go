package script

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestShellsReplaceThemselves asks the shells of this machine which last commands take
// their place: the reader of scripts has to agree.
func TestShellsReplaceThemselves(t *testing.T) {
	server := filepath.Join(t.TempDir(), "server") // prints its process ID
	if err := os.WriteFile(server, []byte("#!/bin/sh\necho $$\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	candidates := map[string][]string{"dash": {"dash"}, "bash": {"bash"}, "ash": {"busybox", "ash"}, "zsh": {"zsh"}}
	for shell, command := range candidates {
		if _, err := exec.LookPath(command[0]); err != nil {
			t.Logf("%s is not on this machine", command[0])
			continue
		}
		for _, script := range []string{
			"server", "A=1 server", "cd . && server", "true; server", "true\nserver", "true\nserver\n", "set -e; server", "server;", "export A=1; server",
			"server && true", "server || true", "server; true", "false || server", "server | cat", "! server", "(server)", "{ server; }", "if true; then server; fi",
			"exec server", "true; exec server", "if true; then exec server; fi", "exec server | cat", "trap 'true' TERM; server", "while true; do server; break; done",
			"server & wait", "server 2>/dev/null", "f() { server; }; f", "f() { exec server; }; f", "env A=1 server", "case a in a) server;; esac",
		} {
			for _, inFile := range []bool{false, true} {
				agrees(t, shell, command, strings.ReplaceAll(script, "server", server), inFile)
			}
		}
	}
}

func agrees(t *testing.T, shell string, command []string, script string, inFile bool) {
	t.Helper()
	args := append(command[1:len(command):len(command)], "-c", script)
	if inFile {
		path := filepath.Join(t.TempDir(), "script")
		if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(command[1:len(command):len(command)], path)
	}
	cmd := exec.Command(command[0], args...)
	var out strings.Builder
	cmd.Stdout = &out
	_ = cmd.Run() // some end with the status 1
	replaced := strings.TrimSpace(out.String()) == strconv.Itoa(cmd.Process.Pid)

	file := Parse(script)
	last := NewReader(script, file).Last(file.Stmts, Tail{InFile: inFile})
	if last == nil {
		t.Errorf("%s, in a file %t: %q: the last command is not found", shell, inFile, script)
		return
	}
	trap := NewReader(script, file).Handler(file) != nil
	last.Never = last.Never || trap
	if last.replaced(shell, false) != replaced {
		t.Errorf("%s, in a file %t: %q: the server is the shell's process: %t, we take it for %t", shell, inFile, script, replaced, !replaced)
	}
}

// TestQuotes: a backslash within double quotes counts before few characters.
func TestQuotes(t *testing.T) {
	for script, want := range map[string]string{
		`printf "a\.b\n"`:     `a\.b\n`,
		`printf "\"\$HOME\\"`: `"$HOME\`,
		`printf a\.b`:         `a.b`,
		`printf '\.'`:         `\.`,
		"printf \"a\\\nb\"":   `ab`,
	} {
		if got := Commands(script)[0][1]; got != want {
			t.Errorf("%s: %q, want %q", script, got, want)
		}
		list, _ := parseShell(script)
		if got := list[0].words[1].literal(); got != want {
			t.Errorf("%s, as a word: %q, want %q", script, got, want)
		}
	}
}
