// Command systemd is socket activated: systemd holds the listening socket,
// and a restart refuses no connection. Connections that come between the end of one
// instance and the start of the next wait in the socket's queue.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on without systemd")
	flag.Parse()
	http.HandleFunc("GET /ready", lameduck.Ready)
	http.HandleFunc("POST /{$}", echo)

	listeners, err := activated()
	exitIf(err)
	var p lameduck.Process
	if len(listeners) > 0 {
		// No load balancer has to send new connections elsewhere: they wait
		// for the next instance. This one stops accepting at once, and asks
		// those that it has to leave.
		p.Delay = -1
	}
	p.AddHTTP(&http.Server{Addr: *addr}, listeners...)
	exitIf(p.RunUntilSignal(context.Background()))
}

// activated returns the sockets that systemd handed over, from descriptor 3
// on: see sd_listen_fds(3).
func activated() ([]net.Listener, error) {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil, nil // they are for another process, or there are none
	}
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil {
		return nil, fmt.Errorf("LISTEN_FDS: %w", err)
	}
	var listeners []net.Listener
	for fd := 3; fd < 3+n; fd++ {
		f := os.NewFile(uintptr(fd), fmt.Sprint("LISTEN_FD_", fd))
		l, err := net.FileListener(f) // a copy of the descriptor
		f.Close()
		if err != nil {
			return nil, err
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
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
