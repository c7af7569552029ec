package link

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Check returns an error if net/http does not behave as rows 1 to 4 of assumptions.go
// describe: a program may be built with a Go that this package was never tested with. It
// finds that out once in a process, in about 100 us.
var Check = sync.OnceValue(check)

// expected is what net/http does in the exchange: before the first request, and after each
// of the three, when its buffer holds a part of a line, whole lines, and nothing.
const expected = "read all" +
	", active, head, idle, deadlines, read part" +
	", active, head, idle, deadlines, read all" +
	", active, head, idle, deadline, read all"

func check() error {
	did, err := exchange(net.Pipe())
	if err != nil {
		return fmt.Errorf("%w, after: %s", err, did)
	}
	if did != expected {
		return fmt.Errorf("it did: %s; expected: %s", did, expected)
	}
	return nil
}

// exchange has net/http serve three requests over a pipe. The first parts of the second
// and of the third come with the request before, so they are in net/http's buffer. did is
// what net/http has done on the connection.
func exchange(server, client net.Conn) (did string, err error) {
	const request = "GET / HTTP/1.1\r\nHost: check\r\n\r\n"
	const part, line = len("GET / HT"), len("GET / HTTP/1.1\r\n")
	defer closeAfter(client, checkWithin)()
	w := &observedConn{Conn: server, reads: make(chan struct{}, 1), ended: make(chan struct{})}
	serveOne(w)
	in := bufio.NewReader(client)
	for _, text := range []string{request + request[:part], request[part:] + request[:line], request[line:]} {
		if err = w.await(w.reads); err == nil {
			_, err = io.WriteString(client, text)
		}
		if err == nil {
			err = readHead(in)
		}
		if err != nil {
			break
		}
	}
	return w.finish(client, err)
}

// serveOne has net/http serve w, with HTTP/1.
func serveOne(w *observedConn) {
	srv := &http.Server{
		Handler:      http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		ConnState:    w.connState,
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	srv.Serve(&single{w})
}

// readHead reads the head of an answer; the answers have no body.
func readHead(in *bufio.Reader) error {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil || len(bytes.TrimSpace(line)) == 0 {
			return err
		}
	}
}

// An observedConn is a connection that notes what net/http does with it. While a handler
// is at work it notes only writes, because the background read comes and goes by chance.
type observedConn struct {
	net.Conn
	reads chan struct{} // has an element when net/http reads, and no handler is at work
	ended chan struct{}

	mu       sync.Mutex
	handling bool
	did      []string
}

func (w *observedConn) note(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.did = append(w.did, what)
}

// noteBetween notes what, unless a handler is at work. It returns whether none is.
func (w *observedConn) noteBetween(what string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.handling {
		w.did = append(w.did, what)
	}
	return !w.handling
}

func (w *observedConn) connState(_ net.Conn, s http.ConnState) {
	switch s {
	case http.StateActive:
		w.setHandling(true)
		w.note("active")
	case http.StateIdle:
		w.setHandling(false)
		w.note("idle")
	case http.StateClosed:
		close(w.ended)
	}
}

func (w *observedConn) setHandling(is bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handling = is
}

func (w *observedConn) Read(b []byte) (int, error) {
	what := "read all"
	switch size := int(defaultBufferSize); {
	case len(b) < size:
		what = "read part"
	case len(b) > size:
		what = "read more"
	}
	if w.noteBetween(what) {
		notify(w.reads)
	}
	return w.Conn.Read(b)
}

func (w *observedConn) Write(b []byte) (int, error) {
	if bytes.HasPrefix(b, statusLine) && bytes.HasSuffix(b, headEnd) {
		w.note("head")
	} else {
		w.note("write")
	}
	return w.Conn.Write(b)
}

func (w *observedConn) SetReadDeadline(t time.Time) error {
	w.noteBetween("deadline")
	return w.Conn.SetReadDeadline(t)
}

// await waits until c has an element or is closed.
func (w *observedConn) await(c chan struct{}) error {
	limit := time.NewTimer(checkWithin)
	defer limit.Stop()
	select {
	case <-c:
		return nil
	case <-limit.C:
		return fmt.Errorf("it did not go on within %v", checkWithin)
	}
}

// finish ends the exchange; err is the error of it so far. It returns what net/http has
// done before the client closes the connection.
func (w *observedConn) finish(client net.Conn, err error) (string, error) {
	if err == nil {
		err = w.await(w.reads)
	}
	w.mu.Lock()
	did := strings.Join(w.did, ", ")
	w.mu.Unlock()
	client.Close()
	if err == nil {
		err = w.await(w.ended)
	}
	did = strings.ReplaceAll(did, "deadline, active", "active") // the deadline of a whole request, which is not compared
	return strings.ReplaceAll(did, "deadline, deadline", "deadlines"), err
}
