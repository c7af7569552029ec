package clients

import "testing"

// haproxy asks /ready, which fails from T0 on; when it knows that it sends no
// more requests. Until then it does, on connections that it shares between its
// clients; and it sends nothing twice.
func TestHAProxy(t *testing.T) {
	program := need(t, "haproxy", "haproxy")
	version(t, program, "-v")
	for name, http2 := range map[string]bool{"http/1.1": false, "h2c": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, 500, true)
			p.HTTP2 = http2
			p.start(t, program, "-db", "-f", p.write(t, "haproxy.cfg"))
			p.lostNothing(t, load{dial: p.dial, until: p.leaving.ended}.run())
		})
	}
}
