package pod

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// goServer is what the Go linker writes, among the names of all functions, into an
// executable that serves by net/http, also into one without symbols. A server of
// fasthttp, or of gRPC alone, has it not.
const goServer = "net/http.(*Server).Serve"

// servesByNetHTTP reports whether the executable has the server of net/http.
func servesByNetHTTP(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	const most = 1 << 20
	chunk := make([]byte, 0, most+len(goServer))
	for {
		n, err := f.Read(chunk[len(chunk) : len(chunk)+most])
		chunk = chunk[:len(chunk)+n]
		if bytes.Contains(chunk, []byte(goServer)) {
			return true
		}
		if err != nil {
			return false
		}
		kept := max(0, len(chunk)-len(goServer)) // it may be in two chunks
		chunk = chunk[:copy(chunk, chunk[kept:])]
	}
}

// server is the program that listens, by the first process that does.
func server(tree []sandbox.ProcessInfo, holders []int) timeline.Server {
	i := slices.IndexFunc(tree, func(info sandbox.ProcessInfo) bool { return slices.Contains(holders, info.PID) })
	if i < 0 || tree[i].Program == "" {
		return timeline.Server{}
	}
	program := filepath.Base(tree[i].Program)
	if interprets(program) {
		return timeline.Server{Program: program, Script: script(&tree[i]), Lang: timeline.OtherLang}
	}
	program = programName(&tree[i])
	if servesByNetHTTP(fmt.Sprintf("/proc/%d/exe", tree[i].PID)) {
		return timeline.Server{Program: program, Lang: timeline.Go}
	}
	return timeline.Server{Program: program, Lang: timeline.OtherLang}
}

// programName is the name of what a process executes: the one it was started by
// where the file is a variant of that, behind a link (uwsgi is uwsgi-core on
// Debian, httpd may be httpd.worker).
func programName(p *sandbox.ProcessInfo) string {
	file := filepath.Base(p.Program)
	if len(p.Command) == 0 {
		return file
	}
	started := filepath.Base(firstWord(p.Command[0]))
	if variant, ok := strings.CutPrefix(file, started); ok && strings.IndexAny(variant, "-.") == 0 {
		return started
	}
	return file
}

// firstWord is the first word of a title that a process has set, or all of it:
// "nginx: master process".
func firstWord(title string) string {
	if words := strings.FieldsFunc(title, func(r rune) bool { return r == ' ' || r == ':' }); len(words) > 0 {
		return words[0]
	}
	return ""
}

// interpreters are programs that run a script or a module.
var interpreters = []string{"python", "pypy", "node", "ruby", "perl", "php", "bun", "deno"}

// interprets reports whether the program is one of them, whatever its version.
func interprets(program string) bool {
	name := strings.TrimRightFunc(program, func(r rune) bool { return r == '.' || unicode.IsDigit(r) })
	return slices.Contains(interpreters, name)
}

// codeFlags are the flags of interpreters after which the code itself follows.
var codeFlags = []string{"-c", "-e", "--eval", "-p", "--print", "-r"}

// script is what the interpreter of a process runs: the file or the module, or,
// where the process has set a title, its first word ("gunicorn: master [app]").
func script(p *sandbox.ProcessInfo) string {
	if len(p.Command) == 0 {
		return ""
	}
	if title := firstWord(p.Command[0]); len(title) < len(strings.TrimRight(p.Command[0], " :")) {
		return title
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
