package traffic

import "slices"

// request is the bytes of one request, made once for a whole load.
type request struct {
	bytes      []byte
	head       bool // its answer has no body
	idempotent bool // it may be sent twice (RFC 9110 section 9.2.2)
}

// newRequest builds a request without a body. With final the client announces that
// it is the last one on its connection.
func newRequest(c Config, final bool) request {
	text := c.Method + " " + c.Path + " HTTP/1.1\r\nHost: " + c.Host + "\r\nUser-Agent: lameduck\r\nAccept: */*\r\n"
	if slices.Contains([]string{"POST", "PUT", "PATCH"}, c.Method) {
		text += "Content-Length: 0\r\n"
	}
	if final {
		text += "Connection: close\r\n"
	}
	return request{
		bytes:      []byte(text + "\r\n"),
		head:       c.Method == "HEAD",
		idempotent: slices.Contains([]string{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}, c.Method),
	}
}
