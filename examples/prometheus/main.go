// Command prometheus has metrics of its requests and of its termination, and
// loses none: /metrics is on an address of its own and answers to the end, and
// what no scrape comes for any more is pushed.
package main

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/push"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	metrics := flag.String("metrics", ":9090", "address for /metrics")
	gateway := flag.String("push", "", "URL of a Pushgateway for the last numbers, if there is one")
	flag.Parse()

	var p lameduck.Process
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total", Help: "Requests answered."}, []string{"code"})
	t := newTermination(&p)
	p.Observe = t.observe
	registry := prometheus.NewRegistry()
	registry.MustRegister(requests, t)

	// Not the Process's: its servers stop listening while requests are still
	// in flight. Closers run in reverse order, so this one ends last.
	l, err := net.Listen("tcp", *metrics)
	exitIf(err)
	scraped := &http.Server{Handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{})}
	go scraped.Serve(l)
	p.AddCloser("metrics", scraped.Shutdown)
	if *gateway != "" {
		host, _ := os.Hostname()
		p.AddCloser("push", push.New(*gateway, "example").Grouping("instance", host).Gatherer(registry).PushContext)
	}

	http.HandleFunc("GET /ready", lameduck.Ready)
	http.Handle("POST /{$}", promhttp.InstrumentHandlerCounter(requests, http.HandlerFunc(echo)))
	p.AddHTTP(&http.Server{Addr: *addr})
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
