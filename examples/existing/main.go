// Command existing adds the library to an http.Server that has hooks of its own and two
// listeners. The library is called before the hooks, which see what they saw without it.
package main

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	internal := flag.String("internal", "127.0.0.1:8081", "address to listen on for /debug")
	flag.Parse()
	public, err := net.Listen("tcp", *addr)
	exitIf(err)
	private, err := net.Listen("tcp", *internal)
	exitIf(err)

	srv := &http.Server{ // its Handler is nil: http.DefaultServeMux
		ReadHeaderTimeout: time.Minute,
		BaseContext:       listener,
		ConnContext:       connection,
		ConnState:         count,
	}
	http.HandleFunc("GET /ready", lameduck.Ready)
	http.HandleFunc("POST /{$}", echo)
	http.HandleFunc("GET /debug/connections", only(private, connections))
	http.HandleFunc("GET /debug/terminating", only(private, lameduck.Debug))

	var p lameduck.Process
	p.AddHTTP(srv, public, private)
	exitIf(p.RunUntilSignal(context.Background()))
}

// echo answers with what it is sent.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		slog.Warn("a request broke off", "connection", r.Context().Value(connectionKey{}), "error", err)
		return
	}
	w.Write(body)
}

func exitIf(err error) {
	if err != nil {
		slog.Error("stopped with an error", "error", err)
		os.Exit(1)
	}
}
