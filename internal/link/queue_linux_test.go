package link

import (
	"net"
	"path/filepath"
	"testing"
)

func TestQueued(t *testing.T) {
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "socket")} {
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if waits, known := queued(l); waits || !known {
			t.Errorf("%s, no client has dialled: %v, %v", network, waits, known)
		}
		c, err := net.Dial(network, l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if waits, known := queued(l); !waits || !known {
			t.Errorf("%s, one has dialled: %v, %v", network, waits, known)
		}
		l.Close()
		if _, known := queued(l); known {
			t.Errorf("%s, closed: known", network)
		}
	}
	if _, known := queued(inMemory{}); known {
		t.Error("in memory: known")
	}
}

// inMemory is a listener of another type.
type inMemory struct{ net.Listener }
