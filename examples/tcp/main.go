// Command tcp serves a protocol of its own on TCP: it sends every line back.
// When it is asked to leave it writes "closing", and goes on answering until the
// client hangs up: what was sent before "closing" was read is not lost.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	flag.Parse()
	l, err := net.Listen("tcp", *addr)
	exitIf(err)

	var p lameduck.Process
	p.AddConn(l, serve)
	exitIf(p.RunUntilSignal(context.Background()))
}

// serve has a connection to itself, which is closed when it returns.
func serve(ctx context.Context, c net.Conn) {
	hungUp := make(chan struct{})
	defer close(hungUp)
	go func() {
		select {
		case <-lameduck.Draining(ctx):
			fmt.Fprintln(c, "closing") // one Write, so never in the middle of an answer
		case <-hungUp:
		}
	}()
	for lines := bufio.NewScanner(c); lines.Scan(); {
		if _, err := fmt.Fprintln(c, lines.Text()); err != nil {
			return
		}
	}
}

func exitIf(err error) {
	if err != nil {
		slog.Error("stopped with an error", "error", err)
		os.Exit(1)
	}
}
