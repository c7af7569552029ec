// Command worker takes jobs from a queue. When it is asked to leave it takes
// no more, finishes those it holds, then reports what was done and closes its connection.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on, for probes")
	url := flag.String("queue", "http://queue:8080", "the queue")
	flag.Parse()
	q := &queue{url: *url}

	// No load balancer has to send new connections elsewhere.
	p := lameduck.Process{Delay: -1, Quiet: -1}
	p.AddCloser("connections", q.hangUp) // the last, for closers run in reverse order
	p.AddCloser("reports", q.report)
	for i := range 4 {
		p.AddWorker(fmt.Sprint("consumer ", i), func(ctx context.Context) error { return consume(ctx, q) })
	}
	p.AddWorker("reporter", func(ctx context.Context) error { return reportOften(ctx, q) })

	http.HandleFunc("GET /ready", lameduck.Ready)
	p.AddHTTP(&http.Server{Addr: *addr})
	if err := p.RunUntilSignal(context.Background()); err != nil {
		slog.Error("stopped with an error", "error", err)
		os.Exit(1)
	}
}

// consume takes and does one job after another. It looks whether it is to
// leave between two jobs only: a take that is interrupted may lose the job
// that is on its way.
func consume(ctx context.Context, q *queue) error {
	for {
		select {
		case <-lameduck.Draining(ctx):
			return nil
		default:
		}
		job, err := q.take(ctx) // waits for a second at most
		if err != nil {
			slog.Warn("no job", "error", err)
			rest(ctx, time.Second)
			continue
		}
		if job != "" {
			work(ctx, job)
			q.done(job)
		}
	}
}

// work is what a job takes, here a moment.
func work(ctx context.Context, job string) { rest(ctx, 20*time.Millisecond) }

// reportOften reports what was done, and leaves the rest to the closer.
func reportOften(ctx context.Context, q *queue) error {
	for {
		select {
		case <-lameduck.Draining(ctx):
			return nil
		case <-time.After(time.Second / 2):
			if err := q.report(ctx); err != nil {
				slog.Warn("not reported yet", "error", err)
			}
		}
	}
}
