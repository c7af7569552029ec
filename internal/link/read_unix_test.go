//go:build unix

package link

import (
	"bytes"
	"io"
	"net"
	"syscall"
	"testing"
)

// The request is in the receive queue when the connection is interrupted.
func TestInterruptedConnectionServesWhatIsInTheQueue(t *testing.T) {
	c, client := socketPair(t)
	io.WriteString(client, "hello")
	waitQueued(t, c)
	c.interruptRead()
	b := make([]byte, 10)
	n, err := c.Read(b)
	if string(b[:n]) != "hello" || err != nil {
		t.Fatalf("Read: %q, %v", b[:n], err)
	}
	if c.closable() || c.interrupted.Load() {
		t.Error("the connection still counts as silent")
	}
	go io.WriteString(client, " again")
	if n, err := c.Read(b); string(b[:n]) != " again" || err != nil {
		t.Errorf("the next Read: %q, %v: the interrupt was not cleared", b[:n], err)
	}
}

// waitQueued waits until c's receive queue holds something.
func waitQueued(t *testing.T, c net.Conn) {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Read(func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK)
		return err != syscall.EAGAIN
	})
}

// shouting is a connection that does something to what it reads, and is a
// socket all the same.
type shouting struct{ *net.TCPConn }

func (c shouting) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	copy(b, bytes.ToUpper(b[:n]))
	return n, err
}

func TestFinalPollGoesThroughTheConnectionsOwnRead(t *testing.T) {
	c, client := socketPair(t)
	io.WriteString(client, "hello")
	waitQueued(t, c)
	c.Conn = shouting{c.Conn.(*net.TCPConn)}
	c.interruptRead()
	b := make([]byte, 10)
	if n, err := c.Read(b); string(b[:n]) != "HELLO" || err != nil {
		t.Errorf("Read: %q, %v", b[:n], err)
	}
}
