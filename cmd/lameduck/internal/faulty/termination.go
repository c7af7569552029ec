package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lameduck-dev/lameduck"
)

// clean is the library, configured by the environment.
func clean(args []string) error {
	s := newServer(answer)
	if slices.Contains(args, "tls") {
		s.TLSConfig = secure()
	}
	if slices.Contains(args, "header-time-out") {
		s.ReadHeaderTimeout = time.Second
	}
	var p lameduck.Process
	p.AddHTTP(s)
	return p.RunUntilSignal(context.Background())
}

// exitsAtOnce knows nothing of signals: Go's runtime ends it.
func exitsAtOnce([]string) error { return listenAndServe(newServer(answer)) }

// ignoresTheSignal has no handler for it, and isn't ended by the runtime.
func ignoresTheSignal([]string) error {
	signal.Ignore(syscall.SIGTERM)
	return listenAndServe(newServer(answer))
}

// closesItsListenerTooEarly shuts down, gracefully, at the stop signal.
func closesItsListenerTooEarly([]string) error {
	s := newServer(answer)
	return serveUntil(s, func() { _ = s.Shutdown(context.Background()) })
}

// stopsAccepting accepts no connection after the stop signal, and leaves its
// listener open until it exits.
func stopsAccepting([]string) error {
	var g closeHandler
	l, err := net.Listen("tcp", addr())
	if err != nil {
		return err
	}
	onTerm(func() {
		g.leaving.Store(true)
		time.Sleep(3 * time.Second)
		os.Exit(0)
	})
	return newServer(g.answer).Serve(&untilLeaving{l, &g.leaving})
}

// untilLeaving is a listener that accepts no more once its server leaves.
type untilLeaving struct {
	net.Listener
	leaving *atomic.Bool
}

func (l *untilLeaving) Accept() (net.Conn, error) {
	if l.leaving.Load() {
		select {}
	}
	return l.Listener.Accept()
}

// seldom is in how long each client has used its connection again, and has its
// response: at 25 attempts a second a slow one begins every 6.5 s on each connection,
// and takes 2 s. It is shorter than the clients' time-out of 10 s.
const seldom = 9 * time.Second

// cutsKeepAliveAtExit keeps serving for long enough, and never sends
// Connection: close.
func cutsKeepAliveAtExit([]string) error {
	return serveUntil(newServer(answer), func() { time.Sleep(seldom) })
}

// cutsInFlightAtExit sends Connection: close and waits for all requests but
// those that take longer than it waits.
func cutsInFlightAtExit([]string) error { return cutsInFlight(newServer(nil), hang, answer) }

// cutsUploadsAtExit stops reading the content of those that take longer. Its
// receive buffers are too small for one.
func cutsUploadsAtExit([]string) error {
	s := newServer(nil)
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
		return ctx
	}
	return cutsInFlight(s, hang, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answer(w, r)
	})
}

// cutsDownloadsAtExit stops in the middle of the answers that take longer.
func cutsDownloadsAtExit([]string) error {
	content := strings.Repeat("x", 64<<10)
	head := func(w http.ResponseWriter) { w.Header().Set("Content-Length", strconv.Itoa(len(content))) }
	half := func(w http.ResponseWriter, r *http.Request) {
		head(w)
		_ = writeNow(w, content[:len(content)/2])
		hang(w, r)
	}
	return cutsInFlight(newServer(nil), half, func(w http.ResponseWriter, _ *http.Request) {
		head(w)
		_, _ = io.WriteString(w, content)
	})
}

// hang takes longer than any test.
func hang(http.ResponseWriter, *http.Request) { time.Sleep(time.Minute) }

// cutsInFlight runs a server that handles the first requests after the stop
// signal by long, and all others by short. All clients have been asked to leave
// when it exits.
func cutsInFlight(s *http.Server, long, short http.HandlerFunc) error {
	var g closeHandler
	var requests atomic.Int32
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.leaving.Load() && requests.Add(1) <= 5 {
			long(w, r)
			return
		}
		g.close(w)
		short(w, r)
	})
	return serveUntil(s, func() {
		g.leaving.Store(true)
		time.Sleep(seldom)
	})
}

// leavesTooSoon terminates correctly, but not for long enough if connections
// are still routed to it after 1.5 s.
func leavesTooSoon([]string) error {
	var g closeHandler
	s := newServer(g.answer)
	return serveUntil(s, func() {
		g.leaving.Store(true)
		time.Sleep(1500 * time.Millisecond)
		_ = s.Shutdown(context.Background())
	})
}

// keepsServing sends Connection: close, and keeps serving for longer than any
// grace period.
func keepsServing([]string) error {
	var g closeHandler
	return serveUntil(newServer(g.answer), func() {
		g.leaving.Store(true)
		time.Sleep(time.Hour)
	})
}

// finishesOnQuit terminates well on SIGQUIT, and on SIGTERM Go's runtime ends it at once.
func finishesOnQuit([]string) error {
	var p lameduck.Process
	p.AddHTTP(newServer(answer))
	return p.RunUntilSignal(context.Background(), syscall.SIGQUIT)
}

// serveUntil serves; after the stop signal it calls leave, and exits with code
// 0 when that returns.
func serveUntil(s *http.Server, leave func()) error {
	onTerm(func() {
		leave()
		os.Exit(0)
	})
	if err := listenAndServe(s); err != http.ErrServerClosed {
		return err
	}
	select {} // leave is still running
}
