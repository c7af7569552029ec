// Command http3 serves HTTP/3, with quic-go, beside HTTPS, whose answers advertise it.
// The library runs the HTTPS server; HTTP/3 is a worker that keeps to its clocks.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on, TCP and UDP")
	flag.Parse()
	cert, err := selfSigned()
	exitIf(err)
	udp, err := net.ListenPacket("udp", *addr)
	exitIf(err)
	http.HandleFunc("GET /ready", lameduck.Ready)
	http.HandleFunc("POST /{$}", echo)

	var p lameduck.Process
	config := &tls.Config{Certificates: []tls.Certificate{*cert}}
	// net/http adds its protocols to the TLSConfig of its server, so each has its own.
	s := newServer(&http3.Server{TLSConfig: config.Clone(), Handler: http.DefaultServeMux,
		ConnContext: func(ctx context.Context, _ *quic.Conn) context.Context { return p.WithDraining(ctx) }})
	p.Observe = s.observe
	p.AddWorker("http3", func(ctx context.Context) error { return s.serve(ctx, udp) })
	p.AddHTTP(&http.Server{Addr: *addr, TLSConfig: config, Handler: s.advertise(http.DefaultServeMux)})
	exitIf(p.RunUntilSignal(context.Background()))
}

// echo answers with what it is sent.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
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
