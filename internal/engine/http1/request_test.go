package http1

import (
	"testing"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// TestRequest is what the server gets to read.
func TestRequest(t *testing.T) {
	const common = " /x?y HTTP/1.1\r\nHost: shop\r\nUser-Agent: lameduck\r\nAccept: */*\r\n"
	agent := []engine.Header{{Name: "user-agent", Value: "me"}}
	headers := []engine.Header{{Name: "X-Shop", Value: "a b"}, {Name: "X-Shop", Value: ""}}
	for _, tt := range []struct {
		method  string
		final   bool
		headers []engine.Header
		body    int
		want    string
	}{
		{"GET", false, nil, 0, "GET" + common + "\r\n"},
		{"GET", true, nil, 0, "GET" + common + "Connection: close\r\n\r\n"},
		{"POST", false, nil, 0, "POST" + common + "Content-Length: 0\r\n\r\n"},
		{"GET", false, agent, 0, "GET /x?y HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\nuser-agent: me\r\n\r\n"},
		{"POST", false, headers, 3, "POST" + common + "Content-Length: 3\r\nX-Shop: a b\r\nX-Shop: \r\n\r\nxxx"},
	} {
		r := newRequest(&engine.Request{Method: tt.method, Path: "/x?y", Host: "shop", Headers: tt.headers, Body: tt.body}, tt.final)
		if string(r.bytes) != tt.want || r.head != len(tt.want)-tt.body {
			t.Errorf("%q with a head of %d, want %q", r.bytes, r.head, tt.want)
		}
	}
}
