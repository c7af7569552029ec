// Command http serves HTTP/1.1: the one-line form of the library.
package main

import (
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
	http.HandleFunc("GET /{$}", hello)
	http.HandleFunc("POST /{$}", echo)

	if err := lameduck.ListenAndServe(*addr, nil); err != nil {
		slog.Error("stopped with an error", "error", err)
		os.Exit(1)
	}
}

func hello(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, "hello\n")
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
