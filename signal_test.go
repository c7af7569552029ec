package lameduck

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestMain makes this binary a server of its own when a test asks for one:
// signals are tested on a real process.
func TestMain(m *testing.M) {
	if os.Getenv("LAMEDUCK_TEST_SERVER") != "" {
		os.Exit(serveForTest())
	}
	os.Exit(m.Run())
}

// serveForTest serves / and /stuck on a port that it prints.
func serveForTest() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return 3
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") })
	mux.HandleFunc("/stuck", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("stuck")
		<-r.Context().Done()
	})
	var p Process
	p.AddHTTP(&http.Server{Handler: mux}, l)
	p.AddCloser("flush", func(context.Context) error { fmt.Println("flushed"); return nil })
	fmt.Println(l.Addr())
	ctx := context.Background()
	var stop []os.Signal
	switch os.Getenv("LAMEDUCK_TEST_STOP") {
	case "SIGHUP":
		stop = append(stop, syscall.SIGHUP)
	case "context":
		ctx, _ = signal.NotifyContext(ctx, syscall.SIGHUP)
	}
	if err := p.RunUntilSignal(ctx, stop...); err != nil {
		fmt.Println(err)
		if errors.Is(err, ErrCut) {
			return 1
		}
		return 3
	}
	return 0
}

// child is the server as a process of its own.
type child struct {
	*exec.Cmd
	out  *bufio.Scanner
	addr string
}

func startChild(t *testing.T, env ...string) *child {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent SIGTERM on windows")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: exec.CommandContext(t.Context(), exe)}
	c.Env = append(os.Environ(), append(env, "LAMEDUCK_TEST_SERVER=1")...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewScanner(out)
	c.addr = c.line()
	if _, err := http.Get("http://" + c.addr); err != nil { // once it serves, it obeys signals
		t.Fatal(err)
	}
	return c
}

func (c *child) line() string {
	c.out.Scan()
	return c.out.Text()
}

// waitT0 waits until the server asks clients to leave.
func (c *child) waitT0(t *testing.T) {
	t.Helper()
	for {
		res, err := http.Get("http://" + c.addr)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.Close {
			return
		}
	}
}

// end waits for the exit and returns its code and what else it printed.
func (c *child) end(t *testing.T) (int, string) {
	t.Helper()
	var rest strings.Builder
	for c.out.Scan() {
		fmt.Fprintln(&rest, c.out.Text())
	}
	c.Wait()
	return c.ProcessState.ExitCode(), rest.String()
}

func TestSIGTERMDrains(t *testing.T) {
	c := startChild(t, "LAMEDUCK_DELAY=300ms", "LAMEDUCK_QUIET=100ms", "LAMEDUCK_SPREAD=0s")
	c.Process.Signal(syscall.SIGTERM)
	c.waitT0(t)
	if code, out := c.end(t); code != 0 || out != "flushed\n" {
		t.Errorf("exit code %d, printed %q", code, out)
	}
}

// A program may name its stop signals, or end the context: both are the same lame
// duck.
func TestOtherStopSignals(t *testing.T) {
	for _, stop := range []string{"SIGHUP", "context"} {
		t.Run(stop, func(t *testing.T) {
			c := startChild(t, "LAMEDUCK_TEST_STOP="+stop, "LAMEDUCK_DELAY=300ms", "LAMEDUCK_QUIET=100ms", "LAMEDUCK_SPREAD=0s")
			c.Process.Signal(syscall.SIGHUP)
			c.waitT0(t)
			if code, out := c.end(t); code != 0 || out != "flushed\n" {
				t.Errorf("exit code %d, printed %q", code, out)
			}
		})
	}
}

// SIGINT skips the lame duck, but for an image whose STOPSIGNAL it is. After the
// context has ended it is the first signal all the same.
func TestFirstSignal(t *testing.T) {
	for name, test := range map[string]struct {
		stop   []os.Signal
		signal os.Signal
		cancel bool
		ends   time.Duration // after T0
	}{
		"SIGINT":                          {[]os.Signal{syscall.SIGTERM}, os.Interrupt, false, 0},
		"SIGINT as stop signal":           {[]os.Signal{os.Interrupt}, os.Interrupt, false, 10 * time.Second},
		"SIGTERM after the context's end": {[]os.Signal{syscall.SIGTERM}, syscall.SIGTERM, true, 10 * time.Second},
		"SIGINT after the context's end":  {[]os.Signal{syscall.SIGTERM}, os.Interrupt, true, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &Process{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
				x := &trial{Process: p, t: t, ended: make(chan error, 1), t0: time.Now()}
				signals, ended := make(chan os.Signal, 2), make(chan struct{})
				defer close(ended)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() {
					x.ended <- p.run(ctx, func() {
						go p.followContext(ctx, ended)
						p.followSignals(signals, test.stop, ended)
					})
				}()
				synctest.Wait()
				if test.cancel {
					cancel()
					time.Sleep(time.Second)
				}
				signals <- test.signal
				x.endsAt(test.ends)
			})
		})
	}
}

func TestSIGINTSkipsTheDelay(t *testing.T) {
	c := startChild(t, "LAMEDUCK_DELAY=1h", "LAMEDUCK_GRACE=3h", "LAMEDUCK_SPREAD=0s")
	c.Process.Signal(os.Interrupt)
	if code, out := c.end(t); code != 0 || out != "flushed\n" {
		t.Errorf("exit code %d, printed %q", code, out)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	c := startChild(t, "LAMEDUCK_DELAY=1h", "LAMEDUCK_GRACE=3h", "LAMEDUCK_SPREAD=0s")
	go http.Get("http://" + c.addr + "/stuck")
	if line := c.line(); line != "stuck" {
		t.Fatalf("printed %q", line)
	}
	c.Process.Signal(syscall.SIGTERM)
	c.Process.Signal(os.Interrupt)
	code, out := c.end(t)
	if code != 1 || !strings.HasPrefix(out, "flushed\n") || !strings.Contains(out, "GET /stuck") {
		t.Errorf("exit code %d, printed %q", code, out)
	}
}

// A supervisor that signals a process group and its child, and npm, send the same
// signal twice within milliseconds. Another signal is a second order at once.
func TestTheSameSignalTwiceIsOne(t *testing.T) {
	for name, test := range map[string]struct {
		second os.Signal
		after  time.Duration
		ends   time.Duration // after T0
	}{
		"the same":             {syscall.SIGTERM, 900 * time.Millisecond, 20 * time.Second},
		"the same, a bit late": {syscall.SIGTERM, 1100 * time.Millisecond, 1100 * time.Millisecond},
		"another":              {os.Interrupt, 10 * time.Millisecond, 10 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &Process{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
				x := &trial{Process: p, t: t, l: newMemListener(), ended: make(chan error, 1)}
				p.AddHTTP(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					select {
					case <-time.After(20 * time.Second):
					case <-r.Context().Done():
					}
				})}, x.l)
				signals, stop := make(chan os.Signal, 2), make(chan struct{})
				defer close(stop)
				go func() {
					x.ended <- p.run(t.Context(), func() { p.followSignals(signals, []os.Signal{syscall.SIGTERM}, stop) })
				}()
				go x.mustDial().get("/")
				synctest.Wait()
				x.t0 = time.Now()
				signals <- syscall.SIGTERM
				signals <- syscall.SIGTERM // at the same instant, always
				time.Sleep(test.after)
				signals <- test.second
				if took, _ := x.end(); took < test.ends || took > test.ends+500*time.Millisecond { // a tenth of Reserve is for the answer
					t.Errorf("ended %v after T0, want %v", took, test.ends)
				}
			})
		})
	}
}
