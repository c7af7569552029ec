package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

const page = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

var answers = []struct {
	name string
	text string
	head bool // it answers a HEAD
	want answer
	rest string // what is not part of the answer
	err  string // "": complete
}{
	{name: "content-length", text: page, want: answer{200, 5, false}},
	{name: "pipelined rest", text: page + "HTTP/1.1 408", want: answer{200, 5, false}, rest: "HTTP/1.1 408"},
	{name: "no reason", text: "HTTP/1.1 204\r\n\r\n", want: answer{204, 0, false}},
	{name: "bare line feeds", text: "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", want: answer{200, 2, false}},
	{name: "204 with a length", text: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", want: answer{204, 0, false}},
	{name: "304", text: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", want: answer{304, 0, false}},
	{name: "head", text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", head: true, want: answer{200, 0, false}},
	{name: "head without a length", text: "HTTP/1.1 200 OK\r\n\r\n", head: true, want: answer{200, 0, false}},
	{name: "until eof", text: "HTTP/1.1 200 OK\r\n\r\nhello", want: answer{200, 5, true}},
	{name: "http/1.0", text: "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", want: answer{200, 5, true}},
	{name: "http/1.0 keep-alive", text: "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\nhello", want: answer{200, 5, false}},
	{name: "http/1.0 ignores chunked", text: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", want: answer{200, 5, true}},
	{name: "close", text: "HTTP/1.1 200 OK\r\nConnection: Upgrade , CLOSE\r\nContent-Length: 0\r\n\r\n", want: answer{200, 0, true}},
	{name: "folded", text: "HTTP/1.1 200 OK\r\nConnection:\r\n\tclose\r\nContent-Length: 0\r\n\r\n", want: answer{200, 0, true}},
	{name: "closer is not close", text: "HTTP/1.1 200 OK\r\nConnection: closer\r\nContent-Length: 0\r\n\r\n", want: answer{200, 0, false}},
	{name: "chunked", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n", want: answer{200, 15, false}},
	{name: "trailers", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\nrest", want: answer{200, 1, false}, rest: "rest"},
	{name: "chunked beats length", text: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", want: answer{200, 2, false}},
	{name: "coded otherwise", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", want: answer{200, 3, true}},
	{name: "interim", text: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + page, want: answer{200, 5, false}},
	{name: "101", text: "HTTP/1.1 101 Switching Protocols\r\n\r\n", want: answer{101, 0, true}},
	{name: "equal lengths", text: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", want: answer{200, 2, false}},
	{name: "5xx", text: "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", want: answer{503, 0, false}},
	{name: "long head", text: "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 60<<10) + "\r\nContent-Length: 1\r\n\r\n!", want: answer{200, 1, false}},
	{name: "long body", text: "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_000), want: answer{200, 100_000, false}},

	{name: "nothing", text: "", err: "EOF"},
	{name: "one byte", text: "H", err: "unexpected EOF"},
	{name: "only interim", text: "HTTP/1.1 100 Continue\r\n\r\n", err: "unexpected EOF"},
	{name: "half a head", text: "HTTP/1.1 200 OK\r\nContent-", err: "unexpected EOF"},
	{name: "half a body", text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", err: "unexpected EOF"},
	{name: "no body", text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", err: "unexpected EOF"},
	{name: "half a chunk", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", err: "unexpected EOF"},
	{name: "no last chunk", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", err: "unexpected EOF"},
	{name: "no end of the trailers", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", err: "unexpected EOF"},

	{name: "not http", text: "SSH-2.0-OpenSSH_9.2\r\n\r\n", err: `malformed response: status line "SSH-2.0-OpenSSH_9.2"`},
	{name: "a page without a head", text: "<html>Bad request</html>", err: `malformed response: status line "<html>Bad request</html>"`},
	{name: "blank", text: "\r\n\r\n", err: `malformed response: status line ""`},
	{name: "http/2", text: "HTTP/2.0 200 OK\r\n\r\n", err: `malformed response: status line "HTTP/2.0 200 OK"`},
	{name: "long status", text: "HTTP/1.1 2000 OK\r\n\r\n", err: `malformed response: status line "HTTP/1.1 2000 OK"`},
	{name: "no colon", text: "HTTP/1.1 200 OK\r\nfoo\r\n\r\n", err: "malformed response: header line without a colon"},
	{name: "length that is no number", text: "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n", err: "malformed response: Content-Length"},
	{name: "length too long", text: "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", err: "malformed response: Content-Length"},
	{name: "negative length", text: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", err: "malformed response: Content-Length"},
	{name: "lengths that differ", text: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", err: "malformed response: Content-Length"},
	{name: "chunk size that is no number", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", err: `malformed response: chunk size "xyz"`},
	{name: "chunk of nothing", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", err: `malformed response: chunk size ""`},
	{name: "chunk too large", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", err: `malformed response: chunk size "fffffffffffffffff"`},
	{name: "chunk overflow", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n", err: "malformed response: chunk longer than its size"},
	{name: "endless head", text: "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 70<<10), err: "malformed response: head over 64 KiB"},
	{name: "endless interim", text: strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 4<<10), err: "malformed response: head over 64 KiB"},
	{name: "endless chunk line", text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 5<<10) + "\r\n", err: "malformed response: line too long"},
}

func TestAnswer(t *testing.T) {
	for _, tt := range answers {
		t.Run(tt.name, func(t *testing.T) {
			for name, src := range map[string]io.Reader{
				"whole":    strings.NewReader(tt.text),
				"by bytes": iotest.OneByteReader(strings.NewReader(tt.text)),
			} {
				r := reader{src: src}
				got, err := r.answer(tt.head)
				if text(err) != tt.err {
					t.Fatalf("%s: error %q, want %q", name, text(err), tt.err)
				}
				if err == nil && got != tt.want {
					t.Errorf("%s: %+v, want %+v", name, got, tt.want)
				}
				if want := int64(len(tt.text) - len(tt.rest)); err == nil && r.seen != want {
					t.Errorf("%s: counted %d bytes, want %d", name, r.seen, want)
				}
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestAnswerReset distinguishes a connection that breaks from one that ends:
// neither framing, nor a body that lasts until EOF, may take a break for the
// end.
func TestAnswerReset(t *testing.T) {
	reset := errors.New("reset")
	for _, head := range []string{"", "HTTP/1.1 200 OK\r\n\r\nabc", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"} {
		r := reader{src: io.MultiReader(strings.NewReader(head), iotest.ErrReader(reset))}
		if _, err := r.answer(false); err != reset {
			t.Errorf("%q: error %v, want %v", head, err, reset)
		}
	}
}

// FuzzAnswer compares our parser with net/http's: where that one reads a
// complete response, ours agrees on its status, its length, the rest of the
// input and whether the connection can be used again. The number of pieces in
// which the response arrives changes nothing, and a truncated response is never
// complete.
func FuzzAnswer(f *testing.F) {
	for _, tt := range answers {
		if len(tt.text) < 1<<10 {
			f.Add([]byte(tt.text), tt.head)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, head bool) {
		whole := reader{src: bytes.NewReader(data)}
		got, err := whole.answer(head)

		pieces := reader{src: iotest.OneByteReader(bytes.NewReader(data))}
		if again, err2 := pieces.answer(head); again != got || text(err2) != text(err) || err == nil && pieces.seen != whole.seen {
			t.Fatalf("whole: %+v, %v; by bytes: %+v, %v", got, err, again, err2)
		}
		if err == nil && !got.close && whole.seen > 0 {
			cut := reader{src: bytes.NewReader(data[:whole.seen-1])}
			if short, err := cut.answer(head); err == nil {
				t.Fatalf("without its last byte: %+v", short)
			}
		}
		want, used, ok := reference(data, head)
		if !ok {
			return
		}
		if err != nil || got != want || whole.seen != used {
			t.Fatalf("got %+v, %d bytes, %v; net/http has %+v, %d bytes", got, whole.seen, err, want, used)
		}
	})
}

// reference reads with net/http. It is not ok for what is out of its scope or
// ours: 101, a version other than 1, a status below 100, an incomplete answer.
func reference(data []byte, head bool) (want answer, used int64, ok bool) {
	src := bytes.NewReader(data)
	br := bufio.NewReader(src)
	method := map[bool]string{true: "HEAD", false: "GET"}[head]
	for {
		resp, err := http.ReadResponse(br, &http.Request{Method: method})
		if err != nil || resp.ProtoMajor != 1 || resp.StatusCode < 100 || resp.StatusCode == 101 {
			return answer{}, 0, false
		}
		if resp.StatusCode < 200 {
			continue
		}
		n, err := io.Copy(io.Discard, resp.Body)
		used = int64(len(data) - src.Len() - br.Buffered())
		return answer{resp.StatusCode, n, resp.Close}, used, err == nil
	}
}

// TestContent: as many bytes of an answer are kept as were asked for, of that answer
// alone.
func TestContent(t *testing.T) {
	for text, want := range map[string]string{
		page: "hell",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n": "abcd",
		"HTTP/1.1 200 OK\r\n\r\nab": "ab",
		"HTTP/1.1 204 OK\r\n\r\n":   "",
	} {
		r := reader{src: strings.NewReader(page + text), keep: 4}
		for _, want := range []string{"hell", want} {
			if _, err := r.answer(false); err != nil || string(r.content) != want {
				t.Errorf("%q: kept %q, %v, want %q", text, r.content, err, want)
			}
		}
	}
}
