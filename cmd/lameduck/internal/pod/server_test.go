package pod

import (
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// TestServer: the program that listens is known by its executable and by what that
// interprets, whatever process 1 is.
func TestServer(t *testing.T) {
	process := func(pid int, program string, command ...string) sandbox.ProcessInfo {
		return sandbox.ProcessInfo{PID: pid, Program: program, Command: command}
	}
	shell := process(1, "/bin/dash", "sh", "-c", "x")
	builtByGo := func(path string) bool { return path == "/proc/9/exe" }
	for name, test := range map[string]struct {
		server sandbox.ProcessInfo
		known  BuiltByGo
		want   timeline.Server
	}{
		"nginx":                   {process(2, "/usr/sbin/nginx", "nginx: master process nginx"), nil, timeline.Server{Program: "nginx"}},
		"a Go program":            {process(9, "/app", "/app"), builtByGo, timeline.Server{Program: "app", Lang: timeline.Go}},
		"any other program":       {process(2, "/app", "/app"), builtByGo, timeline.Server{Program: "app", Lang: timeline.OtherLang}},
		"a script":                {process(2, "/usr/bin/python3.11", "/usr/bin/python3", "-u", "/usr/bin/gunicorn", "-w", "2"), nil, timeline.Server{Program: "python3.11", Script: "gunicorn"}},
		"a module":                {process(2, "/usr/bin/python3.11", "python3", "-m", "uvicorn", "app:app"), nil, timeline.Server{Program: "python3.11", Script: "uvicorn"}},
		"a title":                 {process(2, "/usr/bin/ruby3.1", "puma 5.6.5 (tcp://0.0.0.0:9292) [web]"), nil, timeline.Server{Program: "ruby3.1", Script: "puma"}},
		"a title with a colon":    {process(2, "/usr/bin/python3.11", "gunicorn: master [app:app]"), nil, timeline.Server{Program: "python3.11", Script: "gunicorn"}},
		"code on the command":     {process(2, "/usr/bin/node", "node", "-e", "require('http')"), nil, timeline.Server{Program: "node"}},
		"a program with a script": {process(2, "/usr/sbin/haproxy", "haproxy", "-db", "-f", "ha.cfg"), nil, timeline.Server{Program: "haproxy"}},
		"without its executable":  {process(2, ""), builtByGo, timeline.Server{}},
	} {
		p := &Pod{cfg: Config{BuiltByGo: test.known}}
		if got := p.server([]sandbox.ProcessInfo{shell, test.server}, []int{test.server.PID}); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
		if got := p.server([]sandbox.ProcessInfo{shell}, []int{test.server.PID}); got != (timeline.Server{}) {
			t.Errorf("%s, not shown: %+v", name, got)
		}
	}
}
