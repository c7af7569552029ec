package traffic

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The servers of these tests that have to crash, or that need CPU time of their
// own, are this test binary run once more.
const childEnv = "TRAFFIC_TEST_SERVER"

func TestMain(m *testing.M) {
	if form := os.Getenv(childEnv); form != "" {
		if err := runChild(form); err != nil {
			fmt.Fprintln(os.Stderr, "server:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child is a server in a process of its own, which reads commands in lines and
// answers each with one.
type child struct {
	addr string
	cmd  *exec.Cmd
	in   io.Writer
	out  *bufio.Scanner
}

func startChild(tb testing.TB, form string) *child {
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childEnv+"="+form)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	c := &child{cmd: cmd, in: in, out: bufio.NewScanner(out)}
	tb.Cleanup(func() {
		_ = in.Close() // ends it, if it still runs
		_ = cmd.Wait()
	})
	if c.addr = c.line(tb); c.addr == "" {
		tb.Fatal("the server did not start")
	}
	return c
}

func (c *child) ask(tb testing.TB, word string) string {
	if _, err := fmt.Fprintln(c.in, word); err != nil {
		tb.Fatal(err)
	}
	return c.line(tb)
}

// line is the next line of the child, or empty if it has exited.
func (c *child) line(tb testing.TB) string {
	if !c.out.Scan() && c.out.Err() != nil {
		tb.Fatal(c.out.Err())
	}
	return c.out.Text()
}

// server is the child's side. A request is held from the moment it was read and
// the first part of its answer was written, until the last byte was: a crash while
// it is held cuts the answer after its first part, and never before.
type server struct {
	form answerForm

	mu     sync.Mutex
	held   int
	frozen bool
	thaw   sync.Cond // never signalled
}

// answerForm is a response in two parts: the second follows after a while.
type answerForm struct {
	first, second string
	pause         time.Duration
}

var forms = map[string]answerForm{
	"answer":         {"", page, 0},
	"before-headers": {"", page, 10 * time.Millisecond},
	"content-length": {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "world", 10 * time.Millisecond},
	"chunked":        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "5\r\nworld\r\n0\r\n\r\n", 10 * time.Millisecond},
}

// runChild serves until its standard input ends, or until the command to crash.
func runChild(form string) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &server{form: forms[form]}
	s.thaw.L = &s.mu
	fmt.Println(ln.Addr())
	go s.serve(ln)
	for words := bufio.NewScanner(os.Stdin); words.Scan(); {
		switch words.Text() {
		case "freeze":
			s.mu.Lock()
			s.frozen = true
			s.mu.Unlock()
			fmt.Println("frozen")
		case "held":
			s.mu.Lock()
			fmt.Println(s.held)
			s.mu.Unlock()
		case "crash":
			self, err := os.FindProcess(os.Getpid())
			if err != nil {
				return err
			}
			if err := self.Kill(); err != nil {
				return err
			}
			select {} // until the signal arrives
		}
	}
	return nil
}

func (s *server) serve(ln net.Listener) {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		go s.connection(nc)
	}
}

func (s *server) connection(nc net.Conn) {
	defer nc.Close()
	in := bufio.NewReader(nc)
	for {
		last, err := readRequest(in)
		if err != nil {
			return
		}
		if !s.answer(nc) || last {
			return
		}
	}
}

// answer writes a response, unless the server is frozen before its end; then it
// keeps the connection as it is, for ever.
func (s *server) answer(nc net.Conn) bool {
	if s.form.first != "" {
		if _, err := io.WriteString(nc, s.form.first); err != nil {
			return false
		}
	}
	s.mu.Lock()
	s.held++
	s.mu.Unlock()
	time.Sleep(s.form.pause)
	s.mu.Lock()
	for s.frozen {
		s.thaw.Wait()
	}
	defer s.mu.Unlock()
	_, err := io.WriteString(nc, s.form.second)
	s.held--
	return err == nil
}

// readRequest reads a request and its content. It reports whether the client
// marked it as the last on its connection.
func readRequest(in *bufio.Reader) (last bool, err error) {
	length := 0
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false, err
		}
		if line = strings.TrimSpace(line); line == "" {
			_, err := in.Discard(length)
			return last, err
		}
		last = last || line == "Connection: close"
		if digits, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if length, err = strconv.Atoi(digits); err != nil {
				return false, err
			}
		}
	}
}
