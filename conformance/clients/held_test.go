package clients

import (
	"io"
	"net/http"
	"testing"
	"time"
)

// A held handler begins to answer, and ends the answer when it is released.
type held struct {
	came, released chan struct{}
}

const begun, whole = "begun\n", "whole\n"

func newHeld() *held {
	return &held{came: make(chan struct{}, 64), released: make(chan struct{})}
}

func (h *held) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, begun)
	http.NewResponseController(w).Flush()
	h.came <- struct{}{}
	select {
	case <-h.released:
		io.WriteString(w, whole)
	case <-r.Context().Done():
	}
}

// comes waits for a request.
func (h *held) comes(t *testing.T) {
	t.Helper()
	select {
	case <-h.came:
	case <-time.After(limit):
		t.Fatal("no request came")
	}
}

func (h *held) release() { close(h.released) }
