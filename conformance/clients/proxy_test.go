package clients

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/lameduck-dev/lameduck"
)

// A proxy is nginx or haproxy before two sites, one of which leaves. It has
// files of its own only, and its clients come by a unix socket.
type proxy struct {
	*client
	Dir              string
	Root             bool   // it runs as root
	Leaving, Staying string // addresses
	HTTP2            bool   // is used with them
	NextUpstream     string // of nginx
	leaving, staying *site
}

// newProxy starts the sites. The first begins to terminate after a number of
// requests.
func newProxy(t *testing.T, after int64, failReadiness bool) *proxy {
	t.Helper()
	p := &proxy{Dir: t.TempDir(), Root: os.Geteuid() == 0}
	p.leaving = &site{name: "leaving", begin: after, process: proxiedClocks()}
	p.leaving.process.FailReadiness = failReadiness
	p.leaving.serve(t, listen(t), nil, http.HandlerFunc(ok))
	p.staying = &site{name: "staying", process: proxiedClocks()}
	p.staying.serve(t, listen(t), nil, http.HandlerFunc(ok))
	p.Leaving, p.Staying = p.leaving.addr, p.staying.addr
	return p
}

// proxiedClocks leave a proxy the time to learn that a server leaves, on a
// busy machine too. The grace period is a bound that no test should reach.
func proxiedClocks() *lameduck.Process {
	p := clocks()
	p.Delay, p.Grace = 4*time.Second, 40*time.Second
	return p
}

// write writes a file of testdata, filled in, to a file of the proxy's own.
func (p *proxy) write(t *testing.T, name string) (path string) {
	t.Helper()
	path = filepath.Join(p.Dir, name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := template.Must(template.ParseFiles(filepath.Join("testdata", name))).Execute(f, p); err != nil {
		t.Fatal(err)
	}
	return path
}

// start starts the proxy, in the foreground, and waits until it accepts.
func (p *proxy) start(t *testing.T, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = p.Dir
	p.client = startCmd(t, cmd, syscall.SIGTERM) // it ends its own processes
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		c, err := p.dial()
		if err == nil {
			c.Close()
			return
		}
		if time.Since(begin) > limit {
			t.Fatalf("%s does not accept: %v\n%s", program, err, tail(p.err.String()))
		}
	}
}

func (p *proxy) dial() (net.Conn, error) { return net.Dial("unix", filepath.Join(p.Dir, "socket")) }

// lostNothing waits for the end of the termination and compares: each answer
// is 200, and each request has come to one server, once.
func (p *proxy) lostNothing(t *testing.T, got tally) {
	t.Helper()
	p.leaving.endedWell(t)
	for what, n := range got.bad {
		t.Errorf("%d times: %s", n, what)
	}
	leaving, staying := p.leaving.served.Load(), p.staying.served.Load()
	if leaving+staying != got.sent {
		t.Errorf("%d requests were sent; %d came to the server that leaves, %d to the other", got.sent, leaving, staying)
	}
	s := p.leaving.process.Status()
	t.Logf("%d requests, %d of them to the one that leaves, %d there after T0 on %d new connections; closed idle: %d",
		got.sent, leaving, s.LateRequests, s.LateConnections, s.ClosedIdle)
	if t.Failed() {
		p.kill()
		t.Logf("the proxy's log:\n%s", butGood(p.err.String()))
	}
}

// butGood leaves out of a proxy's log the lines about requests that succeeded.
func butGood(log string) string {
	var rest strings.Builder
	for line := range strings.Lines(log) {
		if !strings.Contains(line, " 200 ") {
			rest.WriteString(line)
		}
	}
	return rest.String()
}
