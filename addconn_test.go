package lameduck

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lameduck-dev/lameduck/internal/wire"
)

// A raw connection may carry HTTP/2, as through a proxy of the user's: what is
// written on it is not ours to add to, and it is not ours to close.
func TestRawConnectionIsNotLookedInto(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startConn(t, &Process{Spread: -1}, func(ctx context.Context, c net.Conn) {
			c.Read(make([]byte, 1000))
			c.Write(rawSettings())
			<-Draining(ctx)
			time.Sleep(15 * time.Second)
			io.WriteString(c, "bye")
		})
		client, _ := x.socket(largeRoom)
		client.Write(append([]byte(wire.Preface), rawSettings()...))
		synctest.Wait()
		x.terminate()
		got, err := io.ReadAll(client)
		if want := append(rawSettings(), "bye"...); !bytes.Equal(got, want) || err != nil {
			t.Errorf("% x, %v", got, err)
		}
		x.endsAt(15 * time.Second)
	})
}

// Each raw connection is asked to leave at its own moment within Spread, and waited for.
// It is closed when its function returns.
func TestRawConnectionsAreAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var asked []time.Duration
		var x *trial
		x = startConn(t, &Process{Spread: 5 * time.Second}, func(ctx context.Context, c net.Conn) {
			io.WriteString(c, "hello")
			<-Draining(ctx)
			mu.Lock()
			asked = append(asked, time.Since(x.t0))
			mu.Unlock()
			time.Sleep(7 * time.Second)
			if ctx.Err() != nil {
				t.Error("the context has ended")
			}
			io.WriteString(c, " bye")
		})
		var clients []net.Conn
		for range 100 {
			c, _ := x.socket(largeRoom)
			clients = append(clients, c)
		}
		synctest.Wait()
		x.terminate()
		took, err := x.end()
		if err != nil || took > 12*time.Second {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
		for _, c := range clients {
			if b, err := io.ReadAll(c); string(b) != "hello bye" || err != nil {
				t.Errorf("%q, %v", b, err)
			}
		}
		slices.Sort(asked)
		if len(asked) != 100 || asked[0] > time.Second || asked[99] < 4*time.Second || asked[99] > 5*time.Second {
			t.Errorf("asked %v after T0", asked)
		}
	})
}

// A raw connection that minds nothing is cut, and named; its context ends.
func TestRawConnectionIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cause error
		x := startConn(t, &Process{}, func(ctx context.Context, c net.Conn) {
			io.Copy(io.Discard, c)
			cause = context.Cause(ctx)
		})
		x.socket(largeRoom)
		gone, _ := x.socket(largeRoom)
		x.terminate()
		gone.Close() // this one ends by itself
		took, err := x.end()
		if all := oneByOne(err); took < 27*time.Second || took > 30*time.Second || len(all) != 1 || !errors.Is(err, ErrCut) ||
			!strings.Contains(err.Error(), "connection from ") {
			t.Errorf("ended %v after T0 with %v", took, err)
		}
		if !errors.Is(cause, ErrCut) {
			t.Errorf("the cause of the end is %v", cause)
		}
	})
}

// Raw connections that come after T0 are late arrivals: they hold the lame
// duck until it is quiet, and are asked to leave too.
func TestLateRawConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := startConn(t, &Process{}, func(ctx context.Context, c net.Conn) {
			<-Draining(ctx)
			io.WriteString(c, "bye")
		})
		x.terminate()
		time.Sleep(9 * time.Second)
		c, _ := x.socket(largeRoom)
		x.endsAt(11 * time.Second)
		if b, err := io.ReadAll(c); string(b) != "bye" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
		if n := x.Status().LateConnections; n != 1 {
			t.Errorf("%d late connections", n)
		}
	})
}

// A raw connection has the abilities of what is under it.
func TestRawConnectionIsOneOfTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Process{Delay: -1, Quiet: -1, Spread: -1}
	p.AddConn(l, func(_ context.Context, c net.Conn) {
		under, is := c.(interface{ NetConn() net.Conn })
		if !is {
			t.Error("no NetConn")
		} else if _, is := under.NetConn().(*net.TCPConn); !is {
			t.Errorf("NetConn is a %T", under.NetConn())
		}
		raw, err := c.(syscall.Conn).SyscallConn()
		if err != nil || raw.Control(func(uintptr) {}) != nil {
			t.Errorf("SyscallConn: %v", err)
		}
		io.Copy(c, c)
		if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Errorf("CloseWrite: %v", err)
		}
	})
	ctx, terminate := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(nc, "hello")
	nc.(*net.TCPConn).CloseWrite()
	if b, err := io.ReadAll(nc); string(b) != "hello" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	nc.Close()
	terminate()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
