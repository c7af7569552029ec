// Command existing is an http.Server that was there before, with hooks of its
// own and two listeners. The library comes in front of the hooks; they see
// what they have always seen.
package main

import (
	"context"
	"expvar"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/lameduck-dev/lameduck"
)

type listenerKey struct{} // keys of a request's context
type connKey struct{}

var connections atomic.Int64 // all that there ever were
var open = expvar.NewInt("connections")

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	internal := flag.String("internal", "127.0.0.1:8081", "address for /debug/vars")
	flag.Parse()

	public, err := net.Listen("tcp", *addr)
	exitIf(err)
	private, err := net.Listen("tcp", *internal)
	exitIf(err)

	srv := &http.Server{
		ReadHeaderTimeout: time.Minute,
		BaseContext: func(l net.Listener) context.Context {
			return context.WithValue(context.Background(), listenerKey{}, l.Addr())
		},
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, connections.Add(1))
		},
		ConnState: func(c net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed, http.StateHijacked:
				open.Add(-1)
			}
		},
	}
	http.HandleFunc("GET /ready", lameduck.Ready) // Handler is nil: the default mux, with expvar's /debug/vars
	http.HandleFunc("POST /{$}", echo)

	var p lameduck.Process
	p.Serve(srv, public, private)
	exitIf(p.RunUntilSignal())
}

// echo answers with what it is sent.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		slog.Warn("a request broke off", "connection", r.Context().Value(connKey{}), "at", r.Context().Value(listenerKey{}))
		return
	}
	w.Write(body)
}

func exitIf(err error) {
	if err != nil {
		slog.Error("did not end well", "error", err)
		os.Exit(1)
	}
}
