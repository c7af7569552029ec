package clients

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// nginx does not watch health: its operator configures it, here as by an ingress
// controller, with a reload. It sends nothing twice. Until then it goes on
// sending requests to the server that leaves, on kept and on new connections.
func TestNginxReload(t *testing.T)      { testNginxReload(t, false) }
func TestNginxReloadHTTP2(t *testing.T) { testNginxReload(t, true) }

func testNginxReload(t *testing.T, http2 bool) {
	t.Parallel()
	p := newProxy(t, 500, false)
	p.HTTP2, p.NextUpstream = http2, "off"
	p.startNginx(t)
	reloaded := make(chan struct{})
	go func() {
		defer close(reloaded)
		p.awaitLate(20)
		p.Leaving = ""
		p.write(t, "nginx.conf")
		p.Process.Signal(syscall.SIGHUP)
	}()
	// A worker that is replaced closes what its clients keep, and that race is
	// nginx's: each request has its own connection.
	got := load{dial: p.dial, fresh: true, until: p.leaving.ended}.run()
	<-reloaded
	p.lostNothing(t, got)
}

// nginx as it comes does not know: it asks the next server if it cannot
// connect to one. What it has sent and is not idempotent it does not send
// again, so a request that is lost is seen as 502. Its clients pause from T0 to
// the end, so that the connections it keeps are closed while they are idle.
func TestNginxIdle(t *testing.T)      { testNginxIdle(t, false) }
func TestNginxIdleHTTP2(t *testing.T) { testNginxIdle(t, true) }

func testNginxIdle(t *testing.T, http2 bool) {
	t.Parallel()
	p := newProxy(t, 500, false)
	p.HTTP2, p.NextUpstream = http2, "error timeout"
	p.startNginx(t)
	p.lostNothing(t, load{dial: p.dial, until: p.leaving.ended, pause: p.leaving.begun.Done()}.run())
	if !http2 && p.leaving.process.Status().ClosedIdle == 0 { // by GOAWAY nginx closes them itself
		t.Error("no connection of nginx was closed idle")
	}
}

func (p *proxy) startNginx(t *testing.T) {
	t.Helper()
	program := need(t, "nginx", "nginx")
	version(t, program, "-v")
	config := p.write(t, "nginx.conf")
	p.start(t, program, "-p", p.Dir, "-c", config, "-e", filepath.Join(p.Dir, "error.log"))
}

// awaitLate waits until so many requests have come after T0.
func (p *proxy) awaitLate(n int) {
	<-p.leaving.begun.Done()
	for p.leaving.process.Status().LateRequests < n {
		select {
		case <-p.leaving.ended:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}
