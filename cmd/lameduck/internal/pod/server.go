package pod

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// BuiltByGo reports whether the file is an executable that Go built. It is a
// parameter because debug/buildinfo needs packages for every format of
// executables, which the demo has no use for.
type BuiltByGo func(path string) bool

// server is the program that listens, by the first process that does.
func (p *Pod) server(tree []sandbox.ProcessInfo, holders []int) timeline.Server {
	i := slices.IndexFunc(tree, func(info sandbox.ProcessInfo) bool { return slices.Contains(holders, info.PID) })
	if i < 0 || tree[i].Program == "" {
		return timeline.Server{}
	}
	server := timeline.Server{Program: filepath.Base(tree[i].Program), Script: script(&tree[i])}
	if p.cfg.BuiltByGo != nil {
		server.Lang = timeline.OtherLang
		if p.cfg.BuiltByGo(fmt.Sprintf("/proc/%d/exe", tree[i].PID)) {
			server.Lang = timeline.Go
		}
	}
	return server
}

// interpreters are programs that run a script or a module.
var interpreters = []string{"python", "pypy", "node", "ruby", "perl", "php", "bun", "deno"}

// codeFlags are the flags of interpreters after which the code itself follows.
var codeFlags = []string{"-c", "-e", "--eval", "-p", "--print", "-r"}

// script is what the interpreter of a process runs: the file or the module, or,
// where the process has set a title, its first word ("gunicorn: master [app]").
func script(p *sandbox.ProcessInfo) string {
	program := filepath.Base(p.Program)
	if !slices.Contains(interpreters, strings.TrimRightFunc(program, func(r rune) bool { return r == '.' || unicode.IsDigit(r) })) || len(p.Command) == 0 {
		return ""
	}
	if title := strings.FieldsFunc(p.Command[0], func(r rune) bool { return r == ' ' || r == ':' }); len(title) > 1 {
		return title[0]
	}
	for _, arg := range p.Command[1:] {
		switch {
		case slices.Contains(codeFlags, arg):
			return ""
		case !strings.HasPrefix(arg, "-"):
			return filepath.Base(arg)
		}
	}
	return ""
}
