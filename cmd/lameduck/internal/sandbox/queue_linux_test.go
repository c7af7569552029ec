package sandbox_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/sandbox"
)

// TestAcceptQueue: connections wait while the server accepts none; then it
// accepts all; then it
// closes its listener and keeps running.
func TestAcceptQueue(t *testing.T) {
	for _, network := range []string{"tcp4", "tcp6"} {
		for name, form := range forms {
			t.Run(name+"/"+network, func(t *testing.T) {
				cfg, out := form(t, "in-steps")
				if cfg.Env = append(cfg.Env, "TEST_NETWORK="+network); !cfg.Isolated && network == "tcp6" {
					t.Skip("a plain process is dialled over IPv4")
				}
				p := start(t, cfg)
				queue := func(want sandbox.Queue) {
					t.Helper()
					eventually(t, fmt.Sprintf("the queue is %+v: %s", want, out), func() bool {
						got, err := p.AcceptQueue(8080)
						if err != nil {
							t.Fatal(err)
						}
						return got == want
					})
				}
				queue(sandbox.Queue{Listens: true})
				var conns []net.Conn
				for range 3 {
					conn, err := p.Dial(t.Context(), 8080)
					if err != nil {
						t.Fatal(err)
					}
					defer conn.Close()
					if _, err := conn.Write([]byte("request\n")); err != nil {
						t.Fatal(err)
					}
					conns = append(conns, conn)
				}
				queue(sandbox.Queue{Listens: true, Waiting: 3})
				unaccepted(t, p, 3)
				p.Signal(syscall.SIGUSR1) // accepts them, and answers none yet
				queue(sandbox.Queue{Listens: true})
				unaccepted(t, p, 0)
				p.Signal(syscall.SIGUSR1)
				queue(sandbox.Queue{})
				for _, conn := range conns {
					if answer, err := bufio.NewReader(conn).ReadString('\n'); answer != "late\n" {
						t.Errorf("answer %q (%v)", answer, err)
					}
				}
				p.Close()
				queue(sandbox.Queue{})
			})
		}
	}
}

// unaccepted fails unless so many connections wait, and the same ones each time.
func unaccepted(t *testing.T, p *sandbox.Process, want int) {
	t.Helper()
	first, err := p.Unaccepted(8080)
	again, _ := p.Unaccepted(8080)
	slices.Sort(first)
	slices.Sort(again)
	if err != nil || len(slices.Compact(first)) != want || !slices.Equal(first, again) {
		t.Errorf("%v, then %v wait (%v), want %d", first, again, err, want)
	}
}

// inSteps accepts three connections at the first SIGUSR1; at the second it
// closes its listener and answers them.
func inSteps() {
	next := make(chan os.Signal, 1)
	signal.Notify(next, syscall.SIGUSR1)
	port := "8080"
	if p := os.Getenv("PORT"); p != "" {
		port = p
	}
	l, err := net.Listen(os.Getenv("TEST_NETWORK"), ":"+port)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	<-next
	var conns []net.Conn
	for range 3 {
		conn, err := l.Accept()
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		conns = append(conns, conn)
	}
	<-next
	l.Close()
	for _, conn := range conns {
		fmt.Fprintln(conn, "late")
	}
	time.Sleep(time.Hour)
}
