package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck"
	"google.golang.org/grpc"
)

// A role is which server a child process runs, and with which settings.
type role struct {
	Kind     string // the name of a peer
	Proto    proto
	Delay    time.Duration // the window: from SIGTERM to the end of serving
	Quiet    time.Duration // ours only
	Spread   time.Duration // ours only; 0: a third of Delay
	Grace    time.Duration // from SIGTERM to the cut; 0: the peer's default, or no bound
	InMemory bool          // serve connections in memory, and measure what they cost
	Direct   bool          // gRPC: without a read buffer of grpc-go's, of the first two peers
}

// A proto is what a server serves on its one listener.
type proto string

const (
	clear1 proto = ""     // HTTP/1.1 in clear text
	clear2 proto = "h2c"  // HTTP/1.1 and HTTP/2 in clear text
	secure proto = "tls"  // HTTP/1.1 and HTTP/2 on TLS
	rpc    proto = "grpc" // gRPC in clear text
)

// roleVariable hands a child its role.
const roleVariable = "BENCH_ROLE"

// serveIfChild never returns in a child. It must be called first in main and
// in TestMain.
func serveIfChild() {
	text, ok := os.LookupEnv(roleVariable)
	if !ok {
		return
	}
	err := serve(text)
	switch {
	case err == nil:
		os.Exit(0)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, lameduck.ErrCut):
		// Something was cut: that is measured from outside.
	default:
		fmt.Fprintln(os.Stderr, "bench server:", err)
	}
	os.Exit(1)
}

func serve(text string) error {
	var r role
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return err
	}
	p, err := peerNamed(r.Kind)
	if err != nil {
		return err
	}
	if r.InMemory {
		return serveInMemory(p, r)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go answerParent(answerNumber)
	return p.serve(r, l)
}

// answerNumber answers a question of the parent with a number.
func answerNumber(question string) (string, error) {
	switch question {
	case "cpu":
		return fmt.Sprint(int64(cpuTime())), nil
	case "memory":
		return fmt.Sprint(memoryHeld()), nil
	}
	return "", fmt.Errorf("there is no number %q", question)
}

// serve serves what the role asks for until SIGTERM, and terminates.
func (p peer) serve(r role, l net.Listener) error {
	if r.Proto == rpc {
		return p.grpc(r, func(s grpc.ServiceRegistrar) { s.RegisterService(&echoService, echo{"here"}) }, l)
	}
	srv, err := newHTTPServer(r.Proto, site("here"))
	if err != nil {
		return err
	}
	return p.http(r, srv, l)
}

// grpcOptions are those of a gRPC server.
func (r role) grpcOptions(more ...grpc.ServerOption) []grpc.ServerOption {
	if r.Direct {
		more = append(more, grpc.ReadBufferSize(0))
	}
	return more
}

func newHTTPServer(served proto, h http.Handler) (srv *http.Server, err error) {
	srv = &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	switch served {
	case clear2:
		srv.Protocols = new(http.Protocols)
		srv.Protocols.SetHTTP1(true)
		srv.Protocols.SetUnencryptedHTTP2(true)
	case secure:
		srv.TLSConfig, err = newTLSConfig()
	}
	return srv, err
}

// answerParent answers each line of the parent, and ends the process when the parent
// has exited.
func answerParent(answer func(line string) (string, error)) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		text, err := answer(strings.TrimSpace(lines.Text()))
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench server:", err)
			break
		}
		fmt.Println(text)
	}
	os.Exit(1)
}

// name is what the tables call it.
func (r role) name() string {
	if r.Kind == shutdown && r.Delay == 0 {
		return "Shutdown"
	}
	return r.Kind
}
