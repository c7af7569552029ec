// Command unixsocket serves HTTP on a Unix domain socket, for a proxy in the
// same pod or on the same machine.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/lameduck-dev/lameduck"
)

func main() {
	addr := flag.String("addr", filepath.Join(os.TempDir(), "lameduck.sock"), "path of the socket")
	flag.Parse()
	http.HandleFunc("GET /ready", lameduck.Ready)
	http.HandleFunc("POST /{$}", echo)

	l, err := listen(*addr)
	exitIf(err)
	var p lameduck.Process
	p.AddHTTP(&http.Server{}, l)
	exitIf(p.RunUntilSignal(context.Background()))
}

// listen listens on path, also if a process that was killed has left its
// socket there.
func listen(path string) (net.Listener, error) {
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return nil, errors.New(path + " is in use")
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return net.Listen("unix", path)
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
