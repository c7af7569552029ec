package http1

import (
	"bytes"
	"io"

	"github.com/lameduck-dev/lameduck/internal/engine"
)

const ( // in bytes
	firstBuffer = 8 << 10
	maxHead     = 64 << 10 // all heads and trailers of one answer together
	maxLine     = 4 << 10  // the line of a chunk's size with its extensions
)

const headTooLong = engine.NotProtocol("head over 64 KiB")

// reader reads answers from a connection through one buffer, which is kept.
type reader struct {
	src   io.Reader
	buf   []byte
	r, w  int   // buf[r:w] was read from src and is not used yet
	seen  int64 // bytes of this answer read from src
	heads int   // bytes of heads and trailers of this answer

	keep    int    // how many bytes of content are kept at most
	content []byte // what is kept of this answer's

	podField string // the header field that names the pod, in lower case; empty: none does
	pod      string // from the first answer with the field
}

func (r *reader) buffered() int { return r.w - r.r }

// space returns the free part of the buffer. If there is none, it makes some first.
func (r *reader) space() []byte {
	switch {
	case r.r == r.w:
		r.r, r.w = 0, 0
		if r.buf == nil {
			r.buf = make([]byte, firstBuffer)
		}
	case r.w < len(r.buf):
	case r.r > 0:
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
	default:
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	return r.buf[r.w:]
}

// took counts n bytes that were put into space.
func (r *reader) took(n int) {
	r.w += n
	r.seen += int64(n)
}

// fill reads once.
func (r *reader) fill() error {
	n, err := r.src.Read(r.space())
	r.took(n)
	if n > 0 {
		return nil // the next Read returns an error again
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// head returns the bytes up to the next blank line, and that. They are valid, and may be
// changed, until the next read.
func (r *reader) head() ([]byte, error) {
	for line := 0; ; {
		for b := r.buf[r.r:r.w]; ; {
			i := bytes.IndexByte(b[line:], '\n')
			if i < 0 {
				break
			}
			blank := i == 0 || i == 1 && b[line] == '\r'
			line += i + 1
			if blank {
				r.r += line
				r.heads += line
				return b[:line], r.checkHeads(0)
			}
		}
		if err := r.checkHeads(r.buffered()); err != nil {
			return nil, err
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// line returns the next line without its end. A line of more than limit bytes is an error.
func (r *reader) line(limit int) ([]byte, error) {
	for {
		b := r.buf[r.r:r.w]
		if i := bytes.IndexByte(b, '\n'); i >= 0 && i <= limit {
			r.r += i + 1
			return bytes.TrimSuffix(b[:i], []byte("\r")), nil
		} else if len(b) > limit {
			return nil, engine.NotProtocol("line too long")
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

func (r *reader) checkHeads(more int) error {
	if r.heads+more > maxHead {
		return headTooLong
	}
	return nil
}

// use takes the next n bytes off the buffer, and adds them to content while that is
// shorter than keep.
func (r *reader) use(n int) {
	if room := r.keep - len(r.content); room > 0 {
		r.content = append(r.content, r.buf[r.r:r.r+min(n, room)]...)
	}
	r.r += n
}

// discard reads n bytes of content.
func (r *reader) discard(n int64) error {
	for {
		have := min(n, int64(r.buffered()))
		r.use(int(have))
		if n -= have; n == 0 {
			return nil
		}
		if err := r.fill(); err != nil {
			return err
		}
	}
}
