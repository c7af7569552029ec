//go:build unix

package clients

import (
	"syscall"
	"testing"
)

// pause stops a program, as if it had slept through what follows.
func pause(t *testing.T, c *client) { send(t, c, syscall.SIGSTOP) }

// resume lets it go on.
func resume(t *testing.T, c *client) { send(t, c, syscall.SIGCONT) }

func send(t *testing.T, c *client, s syscall.Signal) {
	t.Helper()
	if err := c.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
