// Command h2c serves HTTP/2 in clear text, as behind a proxy or a mesh, and
// HTTP/1.1 on the same port: the kubelet's probes speak that.
package main

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	flag.Parse()

	http.HandleFunc("GET /ready", lameduck.Ready)
	http.HandleFunc("POST /{$}", echo)

	srv := &http.Server{Addr: *addr, Protocols: new(http.Protocols)}
	srv.Protocols.SetHTTP1(true)
	srv.Protocols.SetUnencryptedHTTP2(true)

	var p lameduck.Process
	p.AddHTTP(srv)
	if err := p.RunUntilSignal(context.Background()); err != nil {
		slog.Error("stopped with an error", "error", err)
		os.Exit(1)
	}
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
