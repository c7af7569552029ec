package traffic

import (
	"slices"
	"testing"
)

// TestPodHeader: the first response with the name of the pod sets it for this
// attempt and for all that follow on the connection, also for those that fail.
func TestPodHeader(t *testing.T) {
	const named = "HTTP/1.1 200 OK\r\nx-Pod: \t app-1 \r\nContent-Length: 0\r\n\r\n"
	const another = "HTTP/1.1 200 OK\r\nX-Pod: app-2\r\nContent-Length: 0\r\n\r\n"
	answers := func(texts ...string) func(int, *peer) {
		return func(n int, p *peer) {
			for _, text := range texts {
				if !p.read() {
					return
				}
				p.write(text)
			}
			p.read()
		}
	}
	for _, tt := range []struct {
		name, header string
		script       func(int, *peer)
		want         []string // Attempt.Pod of each
	}{
		{"not asked for", "", answers(named, named), []string{"pod", "pod", "pod"}},
		{"named at once", "X-Pod", answers(named, page), []string{"app-1", "app-1", "app-1"}},
		{"named late", "X-POD", answers(page, named), []string{"pod", "app-1", "app-1"}},
		{"named twice", "x-pod", answers(named, another), []string{"app-1", "app-1", "app-1"}},
		{"in an interim answer", "x-pod", answers("HTTP/1.1 103 Early Hints\r\nX-Pod: app-1\r\n\r\n"+page, page), []string{"app-1", "app-1", "app-1"}},
		{"never", "X-Pod", answers(page, page), []string{"pod", "pod", "pod"}},
		{"half an answer", "X-Pod", answers("HTTP/1.1 200 OK\r\nX-Pod: app-1\r\nContent-Length: 9\r\n\r\n"), []string{"app-1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, tt.script)
			cfg := to(dialer(server.addr))
			cfg.PodHeader, cfg.Method = tt.header, "POST"
			s := newSingle(t, "keepalive", cfg)
			for range tt.want {
				s.attempt()
			}
			var got []string
			for _, a := range s.end() {
				got = append(got, a.Pod)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPodHeaderThatIsNone(t *testing.T) {
	for header, ok := range map[string]bool{"": true, "X-Pod": true, "X Pod": false, "X-Pod:": false, "X-Pöd": false} {
		if err := (Spec{PodHeader: header}).Check(); (err == nil) != ok {
			t.Errorf("%q: %v", header, err)
		}
	}
}
