package pod

import (
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

func TestWrapper(t *testing.T) {
	process := func(pid int, program string, command ...string) sandbox.ProcessInfo {
		return sandbox.ProcessInfo{PID: pid, Program: program, Command: command}
	}
	node := process(9, "/usr/bin/node", "node", "app.js")
	bash := process(1, "/bin/bash", "/bin/bash", "./run.sh")
	tini := process(1, "/sbin/tini", "tini", "--", "x")
	for name, test := range map[string]struct {
		tree    []sandbox.ProcessInfo
		holders []int
		want    string // empty: the server gets the signal
	}{
		"the server itself":                          {[]sandbox.ProcessInfo{process(1, "/usr/bin/node", "node", "app.js")}, []int{1}, ""},
		"a script without exec":                      {[]sandbox.ProcessInfo{bash, node}, []int{9}, `bash ("/bin/bash ./run.sh"), not to the server that it runs ("node app.js")`},
		"npm by its title":                           {[]sandbox.ProcessInfo{process(1, "/usr/bin/node", "npm start"), process(2, "/bin/dash", "sh", "-c", "node app.js"), node}, []int{9}, `npm ("npm start")`},
		"npm by its file":                            {[]sandbox.ProcessInfo{process(1, "/usr/bin/node", "node", "/usr/lib/npm-cli.js", "start"), node}, []int{9}, `npm ("node /usr/lib/npm-cli.js start")`},
		"yarn":                                       {[]sandbox.ProcessInfo{process(1, "/usr/bin/node", "node", "/opt/yarn.js", "start"), node}, []int{9}, "yarn ("},
		"an init before the server":                  {[]sandbox.ProcessInfo{tini, node}, []int{9}, ""},
		"an init before a script":                    {[]sandbox.ProcessInfo{tini, process(2, "/bin/bash", "bash", "run.sh"), node}, []int{9}, `bash ("bash run.sh")`},
		"a master with the socket":                   {[]sandbox.ProcessInfo{process(1, "/usr/sbin/nginx", "nginx: master"), process(2, "/usr/sbin/nginx", "nginx: worker")}, []int{1, 2}, ""},
		"workers with a socket each":                 {[]sandbox.ProcessInfo{process(1, "/usr/sbin/haproxy", "haproxy", "-W"), process(2, "/usr/sbin/haproxy", "haproxy", "-sf")}, []int{2}, ""},
		"a supervisor":                               {[]sandbox.ProcessInfo{process(1, "/usr/bin/python3.13", "python3", "/usr/bin/supervisord"), node}, []int{9}, `supervisord ("python3 /usr/bin/supervisord")`},
		"a supervisor in the language of the server": {[]sandbox.ProcessInfo{process(1, "/usr/bin/python3.13", "python3", "/usr/bin/supervisord", "-c", "s.conf"), process(9, "/usr/bin/python3.13", "python3", "app.py")}, []int{9}, "supervisord ("},
		"a supervisor with a title":                  {[]sandbox.ProcessInfo{process(1, "/usr/bin/node", "PM2 v6.0.13: God Daemon (/root/.pm2)"), node}, []int{9}, `PM2 ("PM2 v6.0.13: God Daemon`},
		"a supervisor of a server with a title":      {[]sandbox.ProcessInfo{process(1, "/usr/bin/ruby3.1", "ruby", "/usr/bin/foreman", "start"), process(9, "/usr/bin/ruby3.1", "puma 6.4.2 (tcp://0.0.0.0:8080) [app]")}, []int{9}, "foreman ("},
		"a command that starts the built-in server":  {[]sandbox.ProcessInfo{process(1, "/usr/bin/php8.2", "php", "artisan", "serve"), process(9, "/usr/bin/php8.2", "php8.2", "-S", "0.0.0.0:8080", "server.php")}, []int{9}, "artisan ("},
		"a reloader of the same script":              {[]sandbox.ProcessInfo{process(1, "/usr/bin/python3.11", "python3", "manage.py", "runserver"), process(9, "/usr/bin/python3.11", "/usr/bin/python3", "manage.py", "runserver")}, []int{9}, ""},
		"a master and its workers by their titles":   {[]sandbox.ProcessInfo{process(1, "/usr/bin/ruby3.1", "puma 6.4.2 (tcp://0.0.0.0:8080) [app]"), process(9, "/usr/bin/ruby3.1", "puma: cluster worker 0: 1 [app]")}, []int{9}, ""},
		"a worker that has code on its command line": {[]sandbox.ProcessInfo{process(1, "/usr/bin/python3.11", "python3", "/usr/bin/granian"), process(9, "/usr/bin/python3.11", "python3", "-c", "from multiprocessing.spawn import spawn_main")}, []int{9}, ""},
		"no process listens":                         {[]sandbox.ProcessInfo{bash, node}, nil, ""},
		"the host does not show them":                {nil, nil, ""},
	} {
		got := wrapper(test.tree, test.holders)
		if got == "" != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
