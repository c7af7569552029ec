package lameduck_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"database/sql"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/lameduck-dev/lameduck"
)

func ExampleListenAndServe() {
	http.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello\n") })
	http.HandleFunc("GET /ready", lameduck.Ready)
	if err := lameduck.ListenAndServe(":8080", nil); err != nil {
		log.Fatal(err)
	}
}

// Two servers, a consumer of a queue, and what is closed after them all.
func ExampleProcess() {
	var db *sql.DB
	p := &lameduck.Process{Grace: 60 * time.Second} // the pod's terminationGracePeriodSeconds
	p.AddCloser("database", func(context.Context) error { return db.Close() })
	p.AddHTTP(&http.Server{Addr: ":8080"})
	p.AddHTTP(&http.Server{Addr: ":9090", Handler: http.HandlerFunc(lameduck.Debug)})
	p.AddWorker("mailer", func(ctx context.Context) error {
		for {
			select {
			case <-lameduck.Draining(ctx):
				return nil // take no more work
			case <-time.After(time.Second):
				// a job: ctx goes on until the cut
			}
		}
	})
	if err := p.RunUntilSignal(context.Background()); err != nil {
		log.Fatal(err) // names each thing that was cut
	}
}

// HTTP/2 and HTTP/1.1 over TLS; GetCertificate is asked for each connection,
// so a renewed certificate needs no restart.
func ExampleProcess_AddHTTP_tls() {
	load := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		c, err := tls.LoadX509KeyPair("/tls/tls.crt", "/tls/tls.key")
		return &c, err
	}
	var p lameduck.Process
	p.AddHTTP(&http.Server{Addr: ":8443", TLSConfig: &tls.Config{GetCertificate: load}})
	if err := p.RunUntilSignal(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// HTTP/2 in clear text, as gRPC and proxies speak it, and HTTP/1.1 beside it.
func ExampleProcess_AddHTTP_h2c() {
	srv := &http.Server{Addr: ":8080", Protocols: new(http.Protocols)}
	srv.Protocols.SetHTTP1(true)
	srv.Protocols.SetUnencryptedHTTP2(true)
	var p lameduck.Process
	p.AddHTTP(srv)
	if err := p.RunUntilSignal(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// A protocol of one's own: each line is answered, and between two lines the
// connection is closed when it is asked to leave.
func ExampleProcess_AddConn() {
	l, err := net.Listen("tcp", ":7000")
	if err != nil {
		log.Fatal(err)
	}
	var p lameduck.Process
	p.AddConn(l, func(ctx context.Context, c net.Conn) {
		lines := make(chan string, 1) // the client waits for each answer
		go func() {
			defer close(lines)
			for in := bufio.NewScanner(c); in.Scan(); {
				lines <- in.Text()
			}
		}()
		for {
			select {
			case line, ok := <-lines:
				if !ok {
					return
				}
				fmt.Fprintln(c, line)
			case <-lameduck.Draining(ctx):
				fmt.Fprintln(c, "bye")
				return
			}
		}
	})
	if err := p.RunUntilSignal(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// google.golang.org/grpc's server and health server fit as they are.
func ExampleProcess_AddGRPC() {
	var server lameduck.GRPCServer     // grpc.NewServer()
	var health interface{ Shutdown() } // health.NewServer()
	l, err := net.Listen("tcp", ":9090")
	if err != nil {
		log.Fatal(err)
	}
	var p lameduck.Process
	p.AddGRPC(server, health, l)
	if err := p.RunUntilSignal(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// In a stream interceptor of a gRPC server, so that a stream that never ends
// by itself is signalled when to end.
func ExampleProcess_WithDraining() {
	var p lameduck.Process
	stream := func(ctx context.Context, send func(string) error) error {
		ctx = p.WithDraining(ctx)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-lameduck.Draining(ctx):
				return send("bye")
			case <-ctx.Done():
				return context.Cause(ctx)
			case now := <-tick.C:
				if err := send(now.String()); err != nil {
					return err
				}
			}
		}
	}
	_ = stream
}

// Server-sent events: the last one asks the client to reconnect, and it comes back to
// another pod.
func ExampleDraining() {
	http.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		flush := http.NewResponseController(w).Flush
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-lameduck.Draining(r.Context()):
				fmt.Fprint(w, "event: bye\nretry: 100\ndata:\n\n")
				return
			case <-r.Context().Done():
				return
			case now := <-tick.C:
				fmt.Fprintf(w, "data: %v\n\n", now)
				flush()
			}
		}
	})
	if err := lameduck.ListenAndServe(":8080", nil); err != nil {
		log.Fatal(err)
	}
}

// For `preStop: httpGet: {path: /prestop, port: 8080}`.
func ExamplePreStop() {
	http.HandleFunc("GET /prestop", lameduck.PreStop)
	if err := lameduck.ListenAndServe(":8080", nil); err != nil {
		log.Fatal(err)
	}
}
