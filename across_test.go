package lameduck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// An exchange that began before T0 and is slow ends as it would without a termination,
// in the lame duck and behind it.
func TestSlowExchangesAcrossT0(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		switch r.URL.Path {
		case "/limits": // a handler's own deadlines
			rc.SetReadDeadline(time.Now().Add(20 * time.Second))
			rc.SetWriteDeadline(time.Now().Add(20 * time.Second))
		case "/late": // the body is asked for when the lame duck is over
			time.Sleep(11 * time.Second)
		case "/parts":
			for range 12 {
				io.WriteString(w, "part")
				rc.Flush()
				time.Sleep(time.Second)
			}
		case "/large":
			io.WriteString(w, strings.Repeat("x", 1<<20))
		}
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "end %q %v", body, err)
	}
	for name, test := range map[string]struct {
		first string
		rest  string // 11 s later
		want  string
	}{
		"Expect":               {"POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", "hello", `end "hello" <nil>`},
		"Expect, asked late":   {"POST /late HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", "hello", `end "hello" <nil>`},
		"half a head":          {"POST / HTTP/1.1\r\nHost: te", "st\r\nContent-Length: 5\r\n\r\nhello", `end "hello" <nil>`},
		"half a body":          {"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhe", "llo", `end "hello" <nil>`},
		"chunks":               {"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n", "3\r\nllo\r\n0\r\n\r\n", `end "hello" <nil>`},
		"deadlines":            {"POST /limits HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhe", "llo", `end "hello" <nil>`},
		"parts":                {"GET /parts HTTP/1.1\r\nHost: test\r\n\r\n", "", `end "" <nil>`},
		"large, read late":     {"GET /large HTTP/1.1\r\nHost: test\r\n\r\n", "", `end "" <nil>`},
		"pipelined, half each": {"GET / HTTP/1.1\r\nHost: test\r\n\r\nGET / HT", "TP/1.1\r\nHost: test\r\n\r\n", `end "" <nil>`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := start(t, &Process{}, h)
				c := x.mustDial()
				go io.WriteString(c, test.first)
				time.Sleep(time.Second)
				x.terminate()
				time.Sleep(11 * time.Second)
				go io.WriteString(c, test.rest)
				got, _ := io.ReadAll(c.r)
				if all := string(got); !strings.Contains(all, test.want) || strings.HasPrefix(name, "pipelined") && strings.Count(all, test.want) != 2 {
					t.Errorf("the answer ends with %q", all[max(0, len(all)-200):])
				}
				if _, err := x.end(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A client of HTTP/2 that gives up thousands of streams, and one whose windows are tiny,
// keep the termination no longer than what they have begun, and not past Grace.
func TestHostileHTTP2InTheLameDuck(t *testing.T) {
	t.Run("streams that are given up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			x := startServer(t, &Process{}, &http.Server{Protocols: protocols(clearHTTP2), Handler: http.HandlerFunc(ok)})
			nc, _ := x.socket(largeRoom)
			c := speakHTTP2(t, nc)
			x.terminate()
			for range 2000 {
				id := c.begin("/")
				if c.send(rawFrame(typeRSTStream, 0, id, 0, 0, 0, 8)) != nil {
					break
				}
			}
			if took, err := x.end(); err != nil || took > 20*time.Second {
				t.Errorf("ended %v after T0: %v", took, err)
			}
		})
	})
	t.Run("tiny windows", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			x := startServer(t, &Process{}, &http.Server{Protocols: protocols(clearHTTP2), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, strings.Repeat("x", 40))
			})})
			nc, _ := x.socket(largeRoom)
			c := newH2Client(t, nc)
			c.speak(rawSettings(initialWindowSize, 1))
			id := c.begin("/")
			synctest.Wait()
			x.terminate()
			for range 39 {
				time.Sleep(500 * time.Millisecond)
				c.send(rawWindow(id, 1))
			}
			synctest.Wait()
			n := 0
			for _, f := range c.seen(typeData) {
				n += len(f.payload)
			}
			if n != 40 {
				t.Errorf("%d bytes of 40 came", n)
			}
			if took, err := x.end(); err != nil || took > 25*time.Second {
				t.Errorf("ended %v after T0: %v", took, err)
			}
		})
	})
}

// A listener that was closed before it is served is an error of Run, as of net/http; and
// a program that calls Shutdown or Close itself in the lame duck ends Run within Grace.
func TestProgramEndsItsServerInTheLameDuck(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	p := &Process{Delay: -1, Quiet: -1}
	p.AddHTTP(&http.Server{}, l)
	if err := p.Run(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Run: %v", err)
	}
	for name, end := range map[string]func(*http.Server){
		"Shutdown": func(s *http.Server) { s.Shutdown(context.Background()) },
		"Close":    func(s *http.Server) { s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := &http.Server{Handler: http.HandlerFunc(ok)}
				x := startServer(t, &Process{}, srv)
				x.mustGet(x.mustDial(), "/")
				x.terminate()
				go end(srv)
				if took, err := x.end(); err == nil || took > 30*time.Second {
					t.Errorf("ended %v after T0: %v", took, err)
				}
			})
		})
	}
}
