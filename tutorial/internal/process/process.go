// Package process terminates the server of a lesson as Kubernetes does: as a real
// process, by a real signal. It is for tests.
package process

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/lameduck-dev/lameduck/internal/freeaddr"
)

const address = "LESSON_ADDR"

// TestMain makes the test binary the server of its lesson, when Start runs it.
func TestMain(m *testing.M, serve func(addr string) error) {
	addr := os.Getenv(address)
	if addr == "" {
		os.Exit(m.Run())
	}
	if err := serve(addr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A Server is a server that runs.
type Server struct {
	*exec.Cmd
	addr string
}

// Start runs the server, with variables of the environment, until it listens.
func Start(t *testing.T, env ...string) *Server {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be sent SIGTERM on windows")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{exec.CommandContext(t.Context(), self), freeaddr.Take(t)}
	s.Env = append(os.Environ(), append(env, address+"="+s.addr)...)
	s.Stderr = t.Output()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Wait() })
	freeaddr.Await(t, s.addr)
	return s
}

// Terminate sends SIGTERM.
func (s *Server) Terminate(t *testing.T) {
	t.Helper()
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// MustExit waits for the exit of the server, which has to be with code 0.
func (s *Server) MustExit(t *testing.T) {
	t.Helper()
	_ = s.Wait()
	if code := s.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A Client is one keep-alive connection.
type Client struct {
	net.Conn
	r *bufio.Reader
}

// Dial connects to the server.
func (s *Server) Dial(t *testing.T) (*Client, error) {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { c.Close() })
	return &Client{c, bufio.NewReader(c)}, nil
}

// MustDial connects to the server, which has to accept.
func (s *Server) MustDial(t *testing.T) *Client {
	t.Helper()
	c, err := s.Dial(t)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Send sends a request.
func (c *Client) Send() { fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n") }

// Answer reads the response, and whether it has Connection: close.
func (c *Client) Answer() (closes bool, err error) {
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	_, err = bufio.NewReader(res.Body).ReadString('\n')
	return res.Close, err
}

// Get is Send and Answer.
func (c *Client) Get() (closes bool, err error) {
	c.Send()
	return c.Answer()
}
