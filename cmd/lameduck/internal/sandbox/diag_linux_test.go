package sandbox

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
)

// TestListeners: the kernel's answer has what /proc shows of each listener.
func TestListeners(t *testing.T) {
	d := newDiag(nil)
	t.Cleanup(d.close)
	for _, address := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"} {
		network := "tcp4"
		if address[0] == '[' {
			network = "tcp6"
		}
		l, err := net.Listen(network, address)
		if err != nil {
			t.Logf("%s: %v", address, err)
			continue
		}
		defer l.Close()
		want := netip.MustParseAddrPort(l.Addr().String())
		ours := func(all []listener) listener {
			if i := slices.IndexFunc(all, func(s listener) bool { return s.addr == want }); i >= 0 {
				return all[i]
			}
			t.Fatalf("%v is not in %v", want, all)
			return listener{}
		}
		found, err := d.listening()
		if err != nil {
			t.Skip(err)
		}
		if got, shown := ours(found), ours(listeningSockets(os.Getpid())); got != shown {
			t.Errorf("the kernel answers %v, /proc shows %v", got, shown)
		}
	}
}
