package lameduck

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A watched connection notes under which deadline each Read and Write is.
type watched struct {
	net.Conn
	mu            sync.Mutex
	read, write   time.Time
	reads, writes []string
	sets          int
}

func under(deadline time.Time, op string) string {
	if deadline.IsZero() {
		return op
	}
	return fmt.Sprint(op, " within ", time.Until(deadline))
}

func (c *watched) Read(b []byte) (int, error) {
	if len(b) > 1 { // else net/http's background read, which comes and goes by chance
		c.mu.Lock()
		c.reads = append(c.reads, under(c.read, fmt.Sprint("read ", len(b))))
		c.mu.Unlock()
	}
	return c.Conn.Read(b)
}

func (c *watched) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.writes = append(c.writes, under(c.write, fmt.Sprint("write ", len(b))))
	c.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *watched) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	c.read = t
	c.sets++
	c.mu.Unlock()
	return c.Conn.SetReadDeadline(t)
}

func (c *watched) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	c.write = t
	c.sets++
	c.mu.Unlock()
	return c.Conn.SetWriteDeadline(t)
}

func (c *watched) SetDeadline(t time.Time) error {
	return cmp.Or(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// Whatever sets deadlines on a connection, each Read and Write of its socket is
// under the same one as without us.
func TestDeadlinesAreThoseOfNetHTTP(t *testing.T) {
	for name, set := range map[string]func(*http.Server){
		"Listener":          func(*http.Server) {},
		"no timeouts":       func(*http.Server) {},
		"ReadTimeout":       func(s *http.Server) { s.ReadTimeout = 10 * time.Second },
		"ReadHeaderTimeout": func(s *http.Server) { s.ReadHeaderTimeout = 10 * time.Second },
		"WriteTimeout":      func(s *http.Server) { s.WriteTimeout = 10 * time.Second },
		"IdleTimeout":       func(s *http.Server) { s.IdleTimeout = 10 * time.Second },
		"ConnState": func(s *http.Server) {
			s.ConnState = func(c net.Conn, s http.ConnState) {
				if s == http.StateNew {
					c.SetDeadline(time.Now().Add(time.Minute))
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var seen [2]*watched
			for i, ours := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) { seen[i] = deadlines(t, ours, name == "Listener", set) })
			}
			bare, our := seen[0], seen[1]
			if !slices.Equal(bare.reads, our.reads) {
				t.Errorf("reads\n%s\nwant\n%s", strings.Join(our.reads, "\n"), strings.Join(bare.reads, "\n"))
			}
			if !slices.Equal(bare.writes, our.writes) {
				t.Errorf("writes\n%s\nwant\n%s", strings.Join(our.writes, "\n"), strings.Join(bare.writes, "\n"))
			}
			if name == "no timeouts" && our.sets >= bare.sets {
				t.Errorf("deadlines were set %d times, without us %d times", our.sets, bare.sets)
			}
		})
	}
}

// deadlines has a server go through all that sets a deadline, and returns the
// connection.
func deadlines(t *testing.T, ours, byListener bool, set func(*http.Server)) *watched {
	srv := &http.Server{Handler: http.HandlerFunc(limiting)}
	set(srv)
	l := newMemListener()
	if ours {
		x := startServer(t, &Process{Delay: -1, Quiet: -1}, srv)
		defer x.end()
		defer x.terminate()
		l = x.l
	} else {
		go srv.Serve(l)
		defer srv.Close()
	}
	server, nc := net.Pipe()
	c := &client{nc, bufio.NewReader(nc)}
	w := &watched{Conn: server}
	if byListener {
		w.SetDeadline(time.Now().Add(time.Minute))
	}
	l.conns <- w
	for _, path := range []string{"/", "/", "/limit", "/", "/expire", "/", "/body", "/", "/hijack"} {
		go func() {
			fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n", path)
			time.Sleep(time.Second)
			io.WriteString(c, "\r\nhel")
			time.Sleep(time.Second)
			io.WriteString(c, "lo")
		}()
		if _, err := c.answer(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		time.Sleep(3 * time.Second) // also what was sent is read
	}
	nc.Close()
	synctest.Wait()
	return w
}

// limiting sets deadlines as a handler may, and leaves them.
func limiting(w http.ResponseWriter, r *http.Request) {
	c := http.NewResponseController(w)
	switch r.URL.Path {
	case "/limit":
		c.SetReadDeadline(time.Now().Add(20 * time.Second))
		c.SetWriteDeadline(time.Now().Add(30 * time.Second))
	case "/expire":
		io.Copy(io.Discard, r.Body)
		c.SetReadDeadline(time.Now().Add(time.Second))
		time.Sleep(2 * time.Second)
	case "/body":
		io.Copy(io.Discard, r.Body)
		c.SetReadDeadline(time.Now().Add(40 * time.Second))
	case "/hijack":
		nc, rw, err := c.Hijack()
		if err != nil {
			panic(err)
		}
		defer nc.Close()
		io.ReadFull(rw, make([]byte, 5))
		nc.SetDeadline(time.Now().Add(time.Minute))
		io.WriteString(nc, "HTTP/1.1 200 OK\r\n")
		nc.SetWriteDeadline(time.Time{})
		io.WriteString(nc, "Content-Length: 0\r\n\r\n")
		nc.SetReadDeadline(time.Time{})
		nc.Read(make([]byte, 1))
		return
	}
	io.WriteString(w, "ok")
}

// A timeout of the program's own ends a client that is slow to send its request,
// also where the connection was interrupted to be closed.
func TestTimeoutsHoldBehindAnInterrupt(t *testing.T) {
	for name, srv := range map[string]*http.Server{
		"ReadHeaderTimeout": {ReadHeaderTimeout: 15 * time.Second},
		"ReadTimeout":       {ReadTimeout: 15 * time.Second},
	} {
		for _, before := range []int{0, 1} { // requests on the connection
			t.Run(fmt.Sprint(name, " requests=", before), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := &http.Server{Handler: http.HandlerFunc(ok), ReadHeaderTimeout: srv.ReadHeaderTimeout, ReadTimeout: srv.ReadTimeout}
					x := startServer(t, &Process{}, srv)
					c := x.mustDial()
					for range before {
						x.mustGet(c, "/")
					}
					io.WriteString(c, "GET / HTTP/1.1\r\nHo")
					go io.Copy(io.Discard, c)
					time.Sleep(time.Second)
					x.terminate()
					x.endsAt(14 * time.Second)
				})
			})
		}
	}
}
