package lameduck

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// startTLS runs p with a server that speaks HTTP/1.1 and HTTP/2 over TLS.
func startTLS(t *testing.T, p *Process, h http.HandlerFunc) *trial {
	return startServer(t, p, serverOf(t, "tls", h))
}

// A client that has connected and says nothing, as browsers do in advance, is
// closed as any silent one, and holds nothing.
func TestSilentTLSClientDoesNotHoldTheExit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startTLS(t, &Process{}, ok)
		x.terminate()
		time.Sleep(5 * time.Second)
		x.socket(largeRoom)
		x.endsAt(10 * time.Second)
		if n := x.closedIdle.Load(); n != 1 {
			t.Errorf("%d connections were closed", n)
		}
	})
}
