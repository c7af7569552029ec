package pod

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// noProcess is above the greatest ID of a process.
const noProcess = 1 << 23

// TestServer: the program that listens is known by its executable and by what that
// interprets, whatever process 1 is.
func TestServer(t *testing.T) {
	process := func(pid int, program string, command ...string) sandbox.ProcessInfo {
		return sandbox.ProcessInfo{PID: pid, Program: program, Command: command}
	}
	shell := process(1, "/bin/dash", "sh", "-c", "x")
	self := os.Getpid() // a Go program
	for name, test := range map[string]struct {
		server sandbox.ProcessInfo
		want   timeline.Server
	}{
		"nginx":                   {process(noProcess, "/usr/sbin/nginx", "nginx: master process nginx"), timeline.Server{Program: "nginx", Lang: timeline.OtherLang}},
		"a Go program":            {process(self, "/app", "/app"), timeline.Server{Program: "app", Lang: timeline.Go}},
		"any other program":       {process(noProcess, "/app", "/app"), timeline.Server{Program: "app", Lang: timeline.OtherLang}},
		"a script":                {process(noProcess, "/usr/bin/python3.11", "/usr/bin/python3", "-u", "/usr/bin/gunicorn", "-w", "2"), timeline.Server{Program: "python3.11", Script: "gunicorn", Lang: timeline.OtherLang}},
		"a module":                {process(noProcess, "/usr/bin/python3.11", "python3", "-m", "uvicorn", "app:app"), timeline.Server{Program: "python3.11", Script: "uvicorn", Lang: timeline.OtherLang}},
		"a title":                 {process(noProcess, "/usr/bin/ruby3.1", "puma 5.6.5 (tcp://0.0.0.0:9292) [web]"), timeline.Server{Program: "ruby3.1", Script: "puma", Lang: timeline.OtherLang}},
		"a title with a colon":    {process(noProcess, "/usr/bin/python3.11", "gunicorn: master [app:app]"), timeline.Server{Program: "python3.11", Script: "gunicorn", Lang: timeline.OtherLang}},
		"code on the command":     {process(noProcess, "/usr/bin/node", "node", "-e", "require('http')"), timeline.Server{Program: "node", Lang: timeline.OtherLang}},
		"a program with a script": {process(noProcess, "/usr/sbin/haproxy", "haproxy", "-db", "-f", "ha.cfg"), timeline.Server{Program: "haproxy", Lang: timeline.OtherLang}},
		"a variant":               {process(noProcess, "/usr/bin/uwsgi-core", "uwsgi", "--http", ":8080"), timeline.Server{Program: "uwsgi", Lang: timeline.OtherLang}},
		"a variant by its path":   {process(noProcess, "/usr/sbin/httpd.worker", "/usr/sbin/httpd", "-DFOREGROUND"), timeline.Server{Program: "httpd", Lang: timeline.OtherLang}},
		"another program's name":  {process(noProcess, "/usr/bin/nginx-exporter", "nginx-exporter"), timeline.Server{Program: "nginx-exporter", Lang: timeline.OtherLang}},
		"one of many in a file":   {process(noProcess, "/bin/busybox", "httpd", "-f"), timeline.Server{Program: "busybox", Lang: timeline.OtherLang}},
		"without its executable":  {process(noProcess, ""), timeline.Server{}},
	} {
		if got := server([]sandbox.ProcessInfo{shell, test.server}, []int{test.server.PID}); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
		if got := server([]sandbox.ProcessInfo{shell}, []int{test.server.PID}); got != (timeline.Server{}) {
			t.Errorf("%s, not shown: %+v", name, got)
		}
	}
}

// TestServesByNetHTTP: also where two reads meet in the middle of what it looks for.
func TestServesByNetHTTP(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	gofmt, err := exec.LookPath("gofmt") // in Go, and no server; go test puts its folder into PATH
	if err != nil {
		t.Fatal(err)
	}
	padded := func(before int, mark string) string {
		file := filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(file, []byte(strings.Repeat("x", before)+mark+"x"), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for file, want := range map[string]bool{
		self:                               true,
		gofmt:                              false,
		padded(1<<20-5, goServer):          true,
		padded(3<<20, goServer):            true,
		padded(3<<20, goServer[:8]):        false,
		padded(0, ""):                      false,
		filepath.Join(t.TempDir(), "none"): false,
	} {
		if got := servesByNetHTTP(file); got != want {
			t.Errorf("%s: %t, want %t", file, got, want)
		}
	}
}
