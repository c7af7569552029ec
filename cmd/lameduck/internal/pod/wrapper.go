package pod

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

// forwarders are programs for process 1 that send each signal on to their
// child, and do nothing else.
var forwarders = []string{"tini", "tini-static", "dumb-init", "catatonit", "docker-init"}

// scriptRunners are programs that have the name of what they run as an
// argument: the same program as the server, but not its master process.
var scriptRunners = []string{"npm", "npm-cli.js", "npx", "npx-cli.js", "yarn", "yarn.js", "pnpm", "pnpm.cjs"}

// wrapper describes the process that gets the stop signal in place of the
// server; empty if the server gets it. A process stands between if it neither listens on the port nor runs the same program as the one that
// does: a master process of several workers does.
func wrapper(tree []sandbox.ProcessInfo, holders []int) string {
	if len(tree) == 0 || len(holders) == 0 {
		return ""
	}
	server := tree[slices.IndexFunc(tree, func(p sandbox.ProcessInfo) bool { return p.PID == holders[0] })]
	for _, p := range tree {
		switch {
		case slices.Contains(holders, p.PID):
			return ""
		case slices.Contains(forwarders, filepath.Base(p.Program)):
			continue
		case sameProgram(&p, &server):
			return ""
		}
		return fmt.Sprintf(finding.SignalGoesTo+"%s (%s), not to the server that it runs (%s)", runnerName(&p), commandText(p), commandText(server))
	}
	return ""
}

// sameProgram reports whether both processes run one program: of an interpreter, if it
// runs one script in both. Where either script is not known they are taken for one.
func sameProgram(p, server *sandbox.ProcessInfo) bool {
	if p.Program != server.Program || scriptRunner(p) != "" {
		return false
	}
	if !interprets(filepath.Base(p.Program)) {
		return true
	}
	own, servers := script(p), script(server)
	return own == "" || servers == "" || own == servers
}

// runnerName is what the users of a program that runs others call it: npm, supervisord.
func runnerName(p *sandbox.ProcessInfo) string {
	name := scriptRunner(p)
	if name == "" && interprets(filepath.Base(p.Program)) {
		name = script(p)
	}
	return cmp.Or(name, filepath.Base(p.Program))
}

// scriptRunner is the name of the script runner that p is, if it is one. npm
// puts its name into its first argument.
func scriptRunner(p *sandbox.ProcessInfo) string {
	for _, arg := range p.Command[:min(2, len(p.Command))] {
		word, _, _ := strings.Cut(arg, " ")
		if slices.Contains(scriptRunners, filepath.Base(word)) {
			name, _, _ := strings.Cut(filepath.Base(word), "-cli")
			return strings.TrimSuffix(strings.TrimSuffix(name, ".js"), ".cjs")
		}
	}
	return ""
}

const longestCommand = 60

func commandText(p sandbox.ProcessInfo) string {
	text := strings.Join(p.Command, " ")
	if len(text) > longestCommand {
		text = text[:longestCommand] + "..."
	}
	return fmt.Sprintf("%q", text)
}
