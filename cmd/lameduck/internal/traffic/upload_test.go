package traffic

import (
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// readHead reads the head of a request.
func (p *peer) readHead() {
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = p.in.ReadString('\n'); err != nil {
			return
		}
	}
}

// TestUpload: the content is sent in pieces after the head, from which on the
// server knows the request; an early response is read, and a connection that ends
// during the content is a drop.
func TestUpload(t *testing.T) {
	const takes = 60 * time.Millisecond
	const early = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
	for _, tt := range []struct {
		name   string
		script func(p *peer)
		status int
		cause  timeline.Cause
		whole  bool // all of the content was sent
		phase  timeline.Phase
	}{
		{"answered", func(p *peer) { p.read(); p.write(page) }, 200, "", true, ""},
		{"half an answer", func(p *peer) { p.read(); p.write(page[:len(page)-1]) }, 200, timeline.Truncated, true, timeline.ReceivePhase},
		{"closed unanswered", func(p *peer) { p.read() }, 0, timeline.EOF, true, timeline.WaitPhase},
		{"answered early", func(p *peer) { p.readHead(); p.write(early); p.closeWrite() }, 413, "", false, ""},
		{"closed early", func(p *peer) { p.readHead(); p.closeWrite() }, 0, timeline.EOF, false, timeline.SendPhase},
		{"reset early", func(p *peer) { p.readHead(); p.reset() }, 0, timeline.Reset, false, timeline.SendPhase},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := attemptAt(t, "upload", takes, tt.script)
			if a.Status != tt.status || a.Cause != tt.cause || a.Phase != tt.phase || a.Sent == timeline.Never {
				t.Errorf("status %d, cause %q, phase %q, sent at %v; want %d, %q, %q", a.Status, a.Cause, a.Phase, a.Sent, tt.status, tt.cause, tt.phase)
			}
			if tt.whole && a.Ended-a.Sent < takes/2 {
				t.Errorf("the content was sent within %v, want %v", a.Ended-a.Sent, takes)
			}
		})
	}
}

// TestUploadRequest: a method without content is replaced.
func TestUploadRequest(t *testing.T) {
	for method, want := range map[string]string{"": "POST / HTTP/1.1\r\n", "GET": "POST / HTTP/1.1\r\n", "PUT": "PUT / HTTP/1.1\r\n"} {
		server := serve(t, func(_ int, p *peer) { p.answerAll() })
		cfg := to(dialer(server.addr))
		cfg.takes, cfg.Method, cfg.Body = time.Millisecond, method, 5
		s := newSingle(t, "upload", cfg)
		s.attempt()
		if a := only(t, s); a.Dropped() {
			t.Errorf("%+v", a)
		}
		if _, requests := server.seen(); len(requests) != 1 || requests[0] != want {
			t.Errorf("%q became %q, want %q", method, requests, want)
		}
	}
}
