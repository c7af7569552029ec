package clients

import "testing"

// haproxy asks /ready, which fails from T0 on; after two answers it sends no
// more requests. Until then it does, on connections that it shares between its
// clients; and it retries nothing.
func TestHAProxy(t *testing.T) {
	program := need(t, "haproxy", "haproxy")
	version(t, program, "-v")
	for name, proto := range map[string]string{"http/1.1": "", "h2c": "proto h2"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, 500, true)
			p.Proto = proto
			p.start(t, program, "-db", "-f", p.write(t, "haproxy.cfg"))
			p.lostNothing(t, load{dial: p.dial, until: p.leaving.ended}.run())
		})
	}
}
