package engine

import (
	"net"
	"testing"
	"time"
)

// TestUnacked: bytes that a full socket holds are unacknowledged; bytes in the
// receive buffer of the other side are acknowledged, although no process reads
// them.
func TestUnacked(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := nc.Write([]byte("GET")); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); unacked(nc) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d bytes not confirmed after 10 s", unacked(nc))
		}
	}
	for data, end := make([]byte, 64<<20), time.Now().Add(10*time.Second); unacked(nc) == 0; {
		if time.Now().After(end) {
			t.Fatal("all is confirmed of a connection that is never read")
		}
		_ = nc.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		if _, err := nc.Write(data); err == nil {
			t.Fatal("64 MiB were written to a connection that is never read")
		}
	}
}
