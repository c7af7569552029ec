// Command proxy is a reverse proxy, also of WebSockets and other upgrades.
//
// It cannot ask a client to leave in a protocol that it only forwards: an upgraded
// connection is waited for until one of its two ends closes it, and cut at the
// end of the grace period. Give it one that is longer than a session lasts.
package main

import (
	"flag"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	to := flag.String("to", "http://127.0.0.1:8081", "the server behind the proxy")
	flag.Parse()

	upstream, err := url.Parse(*to)
	exitIf(err)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.SetXForwarded()
		},
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", lameduck.Ready) // the proxy's own
	mux.Handle("/", proxy)
	exitIf(lameduck.ListenAndServe(*addr, mux))
}

func exitIf(err error) {
	if err != nil {
		slog.Error("stopped with an error", "error", err)
		os.Exit(1)
	}
}
