// Command otel exports traces and metrics, of its requests and of its
// termination, and loses none: the providers are shut down when nothing is
// left that could still make a span.
package main

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	flag.Parse()

	spans, err := stdouttrace.New()
	exitIf(err)
	traces := trace.NewTracerProvider(trace.WithBatcher(spans))
	numbers, err := stdoutmetric.New()
	exitIf(err)
	metrics := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(numbers)))

	var p lameduck.Process
	// Closers run in reverse order: registered first, these two are the last,
	// after whatever else is closed and may have a span of its own.
	p.AddCloser("traces", traces.Shutdown)
	p.AddCloser("metrics", metrics.Shutdown)
	p.Observe = (&termination{tracer: traces.Tracer("lameduck")}).observe
	exitIf(measure(&p, metrics.Meter("lameduck")))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", lameduck.Ready)
	mux.Handle("POST /{$}", otelhttp.NewHandler(http.HandlerFunc(echo), "echo",
		otelhttp.WithTracerProvider(traces), otelhttp.WithMeterProvider(metrics)))
	p.AddHTTP(&http.Server{Addr: *addr, Handler: mux})
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
