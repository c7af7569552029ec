// Command tls serves HTTPS: HTTP/2 and HTTP/1.1, with a certificate that may
// be replaced while it runs.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	cert := flag.String("cert", "", "file of the certificate; default: self-signed")
	key := flag.String("key", "", "file of its key")
	flag.Parse()

	get, err := certificate(*cert, *key)
	exitIf(err)
	http.HandleFunc("GET /ready", lameduck.Ready)
	http.HandleFunc("POST /{$}", echo)

	var p lameduck.Process
	p.AddHTTP(&http.Server{Addr: *addr, TLSConfig: &tls.Config{GetCertificate: get}})
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
