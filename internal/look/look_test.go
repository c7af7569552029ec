package look

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// A slow connection is one on a busy machine: the goroutine that uses it does not run for
// a while after the deadline is set, or after the deadline has passed.
type slow struct {
	net.Conn
	set, passed func()
}

func once(f func()) func() {
	return func() {
		if f != nil {
			f()
			f = nil
		}
	}
}

func (c *slow) SetReadDeadline(t time.Time) error {
	err := c.Conn.SetReadDeadline(t)
	c.set()
	return err
}

func (c *slow) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.passed()
	}
	return n, err
}

func TestReadOnABusyMachine(t *testing.T) {
	pause := func() { time.Sleep(30 * time.Millisecond) }
	for name, test := range map[string]struct {
		sent        bool // before the look
		set, passed func(send func())
		want        string
	}{
		"nothing comes":                                {},
		"it is there":                                  {sent: true, want: "x"},
		"it is there, and the look begins late":        {sent: true, set: func(func()) { pause() }, want: "x"},
		"it comes while the look waits to run again":   {passed: func(send func()) { send(); pause() }, want: "x"},
		"nothing comes, and the look begins late":      {set: func(func()) { pause() }},
		"nothing comes, and the look is late":          {passed: func(func()) { pause() }},
		"it is there, and the look is as late as that": {sent: true, set: func(func()) { time.Sleep(shortest) }, want: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				defer client.Close()
				send := func() { go io.WriteString(client, "x"); synctest.Wait() }
				call := func(f func(func())) func() {
					return once(func() {
						if f != nil {
							f(send)
						}
					})
				}
				if test.sent {
					send()
				}
				b := make([]byte, 2)
				n, err := Read(&slow{server, call(test.set), call(test.passed)}, b)
				if string(b[:n]) != test.want || err != nil {
					t.Errorf("%q, %v; want %q", b[:n], err, test.want)
				}
			})
		})
	}
}

// An end is no silence, nor is an error of SetReadDeadline.
func TestReadOfAClosedConnection(t *testing.T) {
	client, server := net.Pipe()
	client.Close()
	if n, err := Read(server, make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("%d bytes, %v; want an error", n, err)
	}
	server.Close()
	if n, err := Read(server, make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("%d bytes, %v; want an error", n, err)
	}
}
