package lameduck_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/lameduck-dev/lameduck"
)

// What Observe receives of a Process that cuts nothing.
func ExampleProcess_observe() {
	p := lameduck.Process{
		Delay:   time.Millisecond,
		Quiet:   -1,
		Log:     slog.New(slog.DiscardHandler),
		Observe: func(s lameduck.Status) { fmt.Println(s.Phase) },
	}
	p.AddCloser("traces", func(context.Context) error { return nil })

	ctx, stop := context.WithTimeout(context.Background(), 10*time.Millisecond) // stands for the stop signal
	defer stop()
	if err := p.Run(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// serving
	// lame duck
	// finishing
	// closers
	// ended
}

// Gauges that are read when they are scraped, and what was cut as a log line of
// each.
func ExampleProcess_Status() {
	var p lameduck.Process
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, r *http.Request) {
		s := p.Status()
		fmt.Fprintf(w, "connections %d\nin_flight %d\nlate_requests %d\n", s.Connections, len(s.InFlight), s.LateRequests)
	})
	p.AddHTTP(&http.Server{Addr: ":8080", Handler: mux})
	p.Observe = func(s lameduck.Status) {
		if s.Phase == lameduck.PhaseCut {
			for _, work := range s.InFlight {
				slog.Error("cut", "kind", work.Kind, "name", work.Name, "peer", work.Peer)
			}
		}
	}
	if err := p.RunUntilSignal(context.Background()); err != nil {
		slog.Error("terminated", "error", err)
	}
}

// The page for operators is on a port of its own. curl localhost:9091/debug/lameduck
// shows what a pod that does not go away waits for.
func ExampleDebug() {
	var p lameduck.Process
	p.AddHTTP(&http.Server{Addr: ":8080", Handler: http.DefaultServeMux})

	admin := http.NewServeMux()
	admin.HandleFunc("/debug/lameduck", lameduck.Debug)
	p.AddHTTP(&http.Server{Addr: "localhost:9091", Handler: admin})

	if err := p.RunUntilSignal(context.Background()); err != nil {
		slog.Error("terminated", "error", err)
	}
}

// An admin server that exists already answers from before Run to the end of the
// process, when the listeners of the Process have long been closed.
func ExampleProcess_Ready() {
	var p lameduck.Process
	p.AddHTTP(&http.Server{Addr: ":8080", Handler: http.DefaultServeMux})

	admin := http.NewServeMux()
	admin.HandleFunc("/ready", p.Ready)
	admin.HandleFunc("/prestop", p.PreStop)
	admin.HandleFunc("/debug/lameduck", p.Debug)
	go http.ListenAndServe(":9091", admin)

	if err := p.RunUntilSignal(context.Background()); err != nil {
		slog.Error("terminated", "error", err)
	}
}

// Port 0 is any that is free: a program that listens first can ask for it, and tell a
// registry. What comes before Run waits in the accept queue.
func ExampleProcess_Listen() {
	p := lameduck.Process{Delay: -1, Quiet: -1, Log: slog.New(slog.DiscardHandler)}
	p.AddHTTP(&http.Server{Addr: "localhost:0", Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })})
	if err := p.Listen(); err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		res, err := http.Get("http://" + p.Addr().String())
		if err != nil {
			fmt.Println(err)
			return
		}
		io.Copy(os.Stdout, res.Body)
		res.Body.Close()
		p.Terminate("the example") // as SIGTERM would
	}()
	if err := p.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: hello
}
