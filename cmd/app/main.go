// Command app is the service of the tutorial: it answers hello, and terminates
// without dropping a connection.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":"+cmp.Or(os.Getenv("PORT"), "8080"), "address to listen on")
	flag.Parse()

	http.HandleFunc("GET /{$}", hello)
	http.HandleFunc("GET /alive", alive)
	http.HandleFunc("GET /ready", lameduck.Ready)
	http.HandleFunc("GET /prestop", lameduck.PreStop)

	slog.Info("listening", "addr", *addr)
	if err := lameduck.ListenAndServe(*addr, nil); err != nil {
		slog.Error("server failed", "error", err)
		os.Exit(1)
	}
}

func hello(w http.ResponseWriter, r *http.Request) {
	host, _ := os.Hostname()
	slog.Info("hello", "path", r.URL.Path, "from", r.RemoteAddr)
	w.Header().Set("X-Pod-Name", host) // lets lameduck verify tell which pod a client met
	fmt.Fprintf(w, "Hello! I am here! - %s\n", host)
}

// alive stays 200 to the end: a process that is leaving is not broken.
func alive(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "alive")
}
