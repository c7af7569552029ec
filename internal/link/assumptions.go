package link

import (
	"bufio"
	"crypto/tls"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/internal/wire"
)

// What this package assumes about net/http and no documentation promises. Each row has a
// test in assumptions_test.go. Rows 1 to 4 are also checked at start, see check.go: if one
// of them does not hold, connections are careful (http1.careful).
//
//	   assumption                                             rests on it                      if it does not hold
//	 1 an empty buffer asks for all of its 4,096 bytes, one   noteReadSize                     half a request is closed, or each idle
//	   that holds something for less                                                           connection seems to be reading
//	 2 a connection with bytes of the next request in the     countDeadline                    half a request of whole lines is closed
//	   buffer sets its read deadline twice before it reads,
//	   one with an empty buffer once
//	 3 StateIdle comes when the answer is written and before  connState                        a connection is never idle, or too early
//	   the read deadline
//	 4 the head of an answer begins with HTTP/1.1 and is in   writeHTTP1                       the client is not asked to leave
//	   one Write; what follows a 1xx is in another
//	 5 the background read asks for one byte, and a past      SetReadDeadline, readAgain       the end of a handler hangs
//	   deadline ends it
//	 6 a method ConnectionState sets Request.TLS, and such a  tlsConn, handshake               Request.TLS is nil
//	   connection is not examined for HTTP/2
//	 7 a connection that is no tls.Conn serves HTTP/2 if      TLSOf, hasHTTP2,                 no HTTP/2 over TLS
//	   Protocols and TLSNextProto allow; from Go 1.27 on      hasHTTP2OverTLS
//	   also if its method ConnectionState does
//	 8 Request.TLS of HTTP/2 may be set before the handler    h2.begin                         Request.TLS is nil
//	 9 HTTP/2 is written in whole frames, SETTINGS first,     h2.flush, package wire           GOAWAY is within a frame, or a
//	   and the answer to a PING of others is ignored                                           connection fails
//	10 Serve calls BaseContext once, before Accept            tlsListener                      a handshake has no context
//	11 Serve tries again after a temporary error of Accept,   Listener, acceptWait of root     listeners end late
//	   1 s later at most
//	12 Shutdown with a context that has ended starts the      shutServers of root              hooks do not run, or Run waits
//	   hooks and returns
//	13 the listener of tls.NewListener, the handler of h2c    guards of root, IsH2C            a warning or a hint is missing
//	   and a stack have the names and the form they have

// defaultBufferSize is the size of net/http's buffer in bytes, which is package bufio's
// default. It cannot be learned from the reads of each connection: the first ones, which
// look for HTTP/2, ask for less, and after that the buffer of a client that pipelines is
// never empty.
var defaultBufferSize = int32(bufio.NewReader(nil).Size())

// noteReadSize looks at how many bytes net/http's reader asks for while no request has
// begun. If they are fewer than its empty buffer takes, the buffer holds the start of a
// request, which has come with the one before or while that was answered. The size of a
// handler's read shows nothing.
func (c *http1) noteReadSize(n int) {
	switch n := int32(min(n, math.MaxInt32)); {
	case c.careful:
	case c.bufferSize < n:
		c.bufferSize = n
	case n < c.bufferSize && c.doing.Load() == nil:
		c.noteRequest()
	}
}

// countDeadline notices that net/http's buffer holds the first lines of a request:
// net/http sets one deadline to wait for a request, and a second one to read it. If it
// calls no Read between the two, what it reads then is in its buffer.
func (c *http1) countDeadline() {
	if c.deadlinesSet++; c.deadlinesSet == 2 {
		c.noteRequest()
	}
}

// clearHTTP2Key is the key of HTTP/2 in clear text in http.Server.TLSNextProto. From Go
// 1.27 on only an HTTP/2 that is not net/http's own has it.
const clearHTTP2Key = "unencrypted_http2"

// hasHTTP2 reports whether net/http serves HTTP/2 for srv on a connection that is no
// tls.Conn. GODEBUG=http2server=0, a //go:debug line and a build tag switch that off: the
// TLSNextProto that net/http gives an empty server shows all three.
func hasHTTP2(srv *http.Server) bool {
	native := ownNextProto()
	if own, is := srv.TLSNextProto["h2"]; is {
		_, inClear := srv.TLSNextProto[clearHTTP2Key]
		return inClear || own != nil && sameFunc(own, native["h2"]) && servesHTTP2(native)
	}
	return servesHTTP2(native)
}

// servesHTTP2 reports whether net/http, whose own TLSNextProto is native, serves HTTP/2 on
// a connection that is no tls.Conn: because of clearHTTP2Key, or from Go 1.27 on because
// of the connection's ConnectionState.
func servesHTTP2(native map[string]func(*http.Server, *tls.Conn, http.Handler)) bool {
	_, has := native["h2"]
	_, byName := native[clearHTTP2Key]
	return has && (byName || answersHTTP2(net.Pipe()))
}

// hasHTTP2OverTLS reports whether net/http serves HTTP/2 for srv on a connection that is no
// tls.Conn, if its method ConnectionState reports that HTTP/2 was negotiated. net/http's
// own HTTP/2 does from Go 1.27 on: such a connection needs no buffers of HTTP/1, and
// net/http sets Request.TLS of its streams. Call it before srv.Serve, which writes what it
// reads, and only if TLSOf has found that srv serves HTTP/2: TLSOf has asked net/http.
func hasHTTP2OverTLS(srv *http.Server) bool {
	native := ownNextProto()
	h2, has := native["h2"]
	_, byName := native[clearHTTP2Key]
	own, is := srv.TLSNextProto["h2"]
	return has && !byName && (!is || own != nil && sameFunc(own, h2))
}

// answersHTTP2 tries whether net/http serves HTTP/2 on a connection whose ConnectionState
// has it, because no field of http.Server shows that. With a Go that does not, HTTP/2
// must not be offered in the handshake.
func answersHTTP2(server, client net.Conn) bool {
	defer client.Close()
	defer closeAfter(client, checkWithin)()
	srv := &http.Server{ErrorLog: log.New(io.Discard, "", 0)}
	srv.Serve(&single{negotiated{server}})
	go io.WriteString(client, wire.Preface+noSettings)
	var head [len(noSettings)]byte
	_, err := io.ReadFull(client, head[:])
	return err == nil && head[3] == noSettings[3]
}

// checkWithin is how long net/http may take to answer. It takes about 60 us, but a
// container that starts with little processor time may be stopped for a second meanwhile.
const checkWithin = 10 * time.Second

// closeAfter closes c after limit, unless stop is called before. A deadline of a net.Pipe
// would be a timer even after Close, and while a process has a timer, the scheduler looks at
// the clock each time it takes a goroutine: some percent of what a small request costs.
func closeAfter(c io.Closer, limit time.Duration) (stop func() bool) {
	return time.AfterFunc(limit, func() { c.Close() }).Stop
}

// noSettings is a SETTINGS frame without a setting (RFC 9113, section 6.5).
const noSettings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// A negotiated is a connection over which HTTP/2 was negotiated.
type negotiated struct{ net.Conn }

func (negotiated) ConnectionState() tls.ConnectionState {
	return tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256,
		HandshakeComplete: true, NegotiatedProtocol: "h2"}
}

// ownNextProto is the TLSNextProto that net/http gives a server that has set none.
func ownNextProto() map[string]func(*http.Server, *tls.Conn, http.Handler) {
	empty := new(http.Server)
	empty.Serve(closedListener{})
	return empty.TLSNextProto
}

// sameFunc reports whether a and b are the same code. From Go 1.27 on net/http puts a
// function into TLSNextProto that is never called, so a function there does not mean
// that HTTP/2 is another's than net/http's.
func sameFunc(a, b any) bool { return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() }

// A closedListener ends Serve of a server at its first Accept.
type closedListener struct{}

func (closedListener) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (closedListener) Close() error              { return nil }
func (closedListener) Addr() net.Addr            { return &net.TCPAddr{} }

// A single is a listener of one connection.
type single struct{ net.Conn }

func (l *single) Accept() (c net.Conn, err error) {
	if c, l.Conn = l.Conn, nil; c == nil {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (l *single) Close() error   { return nil }
func (l *single) Addr() net.Addr { return &net.TCPAddr{} }

// IsH2C reports whether h is what x/net's h2c.NewHandler returns, or that of a copy of
// the package elsewhere, such as in a vendor folder.
func IsH2C(h http.Handler) bool {
	if h == nil {
		return false
	}
	t := reflect.TypeOf(h)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return strings.HasSuffix("/"+t.PkgPath(), "/golang.org/x/net/http2/h2c")
}
