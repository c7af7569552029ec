package link

import (
	"io"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/internal/wire"
)

// With a health Watch open, a connection is not closed before the watcher has
// been sent that nothing is served any more, but it does not wait for long.
func TestWatchersAreWarnedBeforeTheEnd(t *testing.T) {
	c, _ := socketPair(t)
	c.BeginGRPC()
	d, h := c.env.State.Current.Load(), c.h2.Load()
	// A Watch: the path as a literal that is not indexed (RFC 7541, 6.2.2).
	block := "\x04\x1c/grpc.health.v1.Health/Watch"
	h.wire.Received([]byte("\x00\x00"+string(rune(len(block)))+"\x01\x05\x00\x00\x00\x01"+block), 0)
	sent := func(b []byte) {
		h.writing.lock()
		defer h.writing.unlock()
		h.wire.Sent(b)
	}
	sent([]byte("\x00\x00\x00\x04\x00\x00\x00\x00\x00")) // SETTINGS
	status := []byte("\x00\x00\x02\x00\x00\x00\x00\x00\x01\x08\x01")
	sent(status)
	h.wire.FirstGoAway()
	h.wire.Received([]byte("\x00\x00\x08\x06\x01\x00\x00\x00\x00lameduck"), 0)
	if !h.closable() {
		t.Fatal("a Watch is work")
	}
	setOf(c.env).AwaitNews()
	h.leave()
	h.want(firstGoAway)
	if at := c.dueAt(d); !at.After(time.Now()) || at.After(time.Now().Add(ConfirmWithin)) {
		t.Errorf("due %v from now, before the watcher was notified", time.Until(at))
	}
	sent(status)
	if at := c.dueAt(d); at.After(time.Now()) {
		t.Errorf("due %v from now, though the watcher was notified", time.Until(at))
	}
}

// grpc-go owns the connection: its streams are known by what the client sends
// after the preface.
func TestStreamsOfGRPCAreSeen(t *testing.T) {
	c, client := socketPair(t)
	c.BeginGRPC()
	io.WriteString(client, wire.Preface+"\x00\x00\x00\x04\x00\x00\x00\x00\x00"+"\x00\x00\x04\x01\x05\x00\x00\x00\x01\x04\x02/a")
	for b := make([]byte, 20); c.h2.Load().wire.Last() == 0; {
		if _, err := c.Read(b); err != nil {
			t.Fatal(err)
		}
	}
	if streams := c.h2.Load().wire.Streams(); len(streams) != 1 || streams[0].Path != "/a" {
		t.Errorf("streams %v, want one of /a", streams)
	}
}
