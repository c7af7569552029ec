package load_test

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/lameduck-dev/lameduck/examples/internal/trial"
	"github.com/lameduck-dev/lameduck/examples/load"
)

func TestMain(m *testing.M) { trial.Main(m, serveAndExit) }

// A server that calls os.Exit at SIGTERM cuts the requests in flight, and every client sees it.
// The clients of the other protocols are tried on their examples, killed.
func TestLossOfAServerThatExits(t *testing.T) {
	for _, name := range []string{"http", "h2c", "longpoll", "sse", "websocket"} {
		t.Run(name, func(t *testing.T) {
			result := trial.SeesLoss(t, syscall.SIGTERM, load.Protocols[name])
			if broken := result.Lost - result.Reasons["refused"]; broken == 0 {
				t.Errorf("connections were refused afterwards, but none is counted as broken: %+v", result)
			}
		})
	}
}

// atWork counts the requests that are in their handlers, of which none is answered:
// net/http writes the end of an answer when the handler has returned.
type atWork struct {
	sync.Mutex
	n     int
	begun sync.Cond
}

func (a *atWork) add(n int) {
	a.Lock()
	defer a.Unlock()
	a.n += n
	a.begun.Signal()
}

// exit exits as soon as a request is in its handler. No handler returns meanwhile, so
// that request is cut.
func (a *atWork) exit() {
	a.Lock()
	for a.n == 0 {
		a.begun.Wait()
	}
	os.Exit(0)
}

// serveAndExit serves what the clients ask for, until SIGTERM.
func serveAndExit() {
	addr := flag.String("addr", "", "address to listen on")
	flag.Parse()
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	var work atWork
	work.begun.L = &work
	go func() {
		<-term
		work.exit()
	}()
	http.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			w.Write(body)
		}
	})
	http.HandleFunc("GET /news", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(50 * time.Millisecond)
		fmt.Fprintln(w, time.Now().UnixNano())
	})
	http.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		for id := 1; http.NewResponseController(w).Flush() == nil; id++ {
			time.Sleep(10 * time.Millisecond)
			fmt.Fprintf(w, "id: %d\n\n", id)
		}
	})
	http.HandleFunc("GET /echo", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		for err == nil {
			var text []byte
			if _, text, err = c.Read(r.Context()); err == nil {
				err = c.Write(r.Context(), websocket.MessageText, text)
			}
		}
	})
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		work.add(1)
		defer work.add(-1)
		http.DefaultServeMux.ServeHTTP(w, r)
	})
	srv := &http.Server{Addr: *addr, Handler: counted, Protocols: &protocols}
	fmt.Println(srv.ListenAndServe())
	os.Exit(1)
}
