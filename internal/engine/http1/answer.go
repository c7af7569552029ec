package http1

import (
	"bytes"
	"io"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

// answer is one answer to one request.
type answer struct {
	status int   // 0 if no final status was read
	body   int64 // bytes of content
	close  bool  // the connection cannot carry another request
}

// answer reads one answer to its end (RFC 9112 section 6), and skips 1xx answers before
// it. toHead: it answers a HEAD request. If the connection ends before the first byte the
// error is io.EOF, if it ends later io.ErrUnexpectedEOF.
func (r *reader) answer(toHead bool) (answer, error) {
	r.seen, r.heads, r.content = int64(r.buffered()), 0, r.content[:0]
	h, err := r.finalHead()
	a := answer{status: h.status}
	if err == nil {
		a.close = h.close || h.minor == 0 && !h.keep
		err = r.body(h, toHead, &a)
	}
	switch {
	case err == nil:
		r.seen -= int64(r.buffered()) // what is left in the buffer does not belong to this answer
	case err == io.EOF && r.seen > 0:
		err = io.ErrUnexpectedEOF
	}
	return a, err
}

// finalHead reads heads until one is not 1xx. 101 is final: we have not asked for another
// protocol, so we cannot read what follows.
func (r *reader) finalHead() (head, error) {
	for {
		b, err := r.head()
		if line, _ := cutLine(r.buf[r.r:r.w]); err == io.EOF && notHTTP(line) {
			err = engine.NotProtocol("status line " + excerpt(line))
		}
		if err != nil {
			return head{}, err
		}
		h, err := parseHead(b)
		if err != nil {
			return head{}, err
		}
		if r.podField != "" && r.pod == "" {
			r.pod = fieldValue(b, r.podField)
		}
		if h.status >= 200 || h.status == 101 {
			return h, nil
		}
	}
}

// notHTTP reports whether b cannot be the start of an HTTP/1 answer: an error page without
// a head, for example.
func notHTTP(b []byte) bool {
	n := min(len(b), len(httpVersion))
	return string(b[:n]) != httpVersion[:n]
}

func (r *reader) body(h head, toHead bool, a *answer) (err error) {
	switch {
	case h.status == 101:
		a.close = true
	case toHead || h.status == 204 || h.status == 304:
	case h.coded && h.minor > 0 && h.chunked:
		a.body, err = r.chunks()
	case h.coded && h.minor > 0:
		a.close = true
		a.body, err = r.untilEOF()
	case h.badLen:
		err = engine.NotProtocol("Content-Length")
	case h.hasLen:
		a.body = h.length
		err = r.discard(h.length)
	default:
		a.close = true
		a.body, err = r.untilEOF()
	}
	return err
}

// untilEOF reads a body that ends with the connection. Only the server knows
// whether it is complete.
func (r *reader) untilEOF() (n int64, err error) {
	for {
		n += int64(r.buffered())
		r.use(r.buffered())
		switch err := r.fill(); err {
		case nil:
		case io.EOF:
			return n, nil
		default:
			return n, err
		}
	}
}

// chunks reads a chunked body and its trailers (RFC 9112 section 7.1).
func (r *reader) chunks() (n int64, err error) {
	for {
		line, err := r.line(maxLine)
		if err != nil {
			return n, err
		}
		size, ok := parseChunkSize(line)
		if !ok || n+size < n {
			return n, engine.NotProtocol("chunk size " + excerpt(line))
		}
		if size == 0 {
			return n, r.trailers()
		}
		if err := r.discard(size); err != nil {
			return n, err
		}
		n += size
		if end, err := r.line(maxLine); err != nil {
			return n, err
		} else if len(end) > 0 {
			return n, engine.NotProtocol("chunk longer than its size")
		}
	}
}

// trailers reads up to the blank line that ends a chunked body.
func (r *reader) trailers() error {
	for {
		line, err := r.line(maxHead)
		if err != nil || len(line) == 0 {
			return err
		}
		r.heads += len(line)
		if err := r.checkHeads(0); err != nil {
			return err
		}
	}
}

// parseChunkSize reads a hexadecimal size; an extension after it is ignored.
func parseChunkSize(line []byte) (n int64, ok bool) {
	digits, _, _ := bytes.Cut(line, []byte(";"))
	digits = bytes.TrimRight(digits, " \t")
	for _, c := range digits {
		if n >= 1<<59 {
			return 0, false
		}
		switch {
		case digit(c):
			n = n<<4 | int64(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			n = n<<4 | int64(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return n, len(digits) > 0
}
