package clients

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// curlGoAway is what curl prints when it reads a GOAWAY.
var curlGoAway = regexp.MustCompile(`GOAWAY, error=0, last_stream=2147483647`)

// curl runs it, with requests of one byte, and checks that each was answered
// and none was sent twice. It returns how many connections were opened.
func curl(t *testing.T, requests int, args ...string) (r result, connections int) {
	t.Helper()
	program := need(t, "curl", "curl")
	version(t, program, "--version")
	args = append([]string{
		"--silent", "--verbose", "--max-time", "30", "--data", "x",
		"--output", os.DevNull, "--write-out", `%{http_code} %{num_connects}\n`,
	}, args...)
	r = run(t, program, args...)
	for line := range strings.Lines(r.stdout) {
		var status, connects int
		if _, err := fmt.Sscan(line, &status, &connects); err != nil || status != http.StatusOK {
			t.Errorf("curl printed %q", line)
		}
		connections += connects
		requests--
	}
	if requests != 0 {
		t.Errorf("curl has not done %d requests", requests)
	}
	// A stream that it had not sent when GOAWAY came it sends anew as well, and
	// calls that REFUSED_STREAM.
	if strings.Contains(r.stderr, "Connection died, retrying") {
		t.Error("curl has sent a request again: its connection had been closed")
	}
	r.ok(t)
	return r, connections
}

// One connection that is kept, with a pause between requests: the answer shows
// Connection: close, and the next request goes to a new one.
func TestCurlHTTP1(t *testing.T) {
	t.Parallel()
	const requests = 350
	p := newPair(t, nil, 50, ok)
	r, connections := curl(t, requests, "--rate", "100/s", fmt.Sprintf("http://%s/[1-%d]", p.addr, requests))
	// On a slow machine all requests may go to the server that terminates, so that
	// the last answer has it too: nothing follows that.
	followed := strings.Count(r.stderr[:strings.LastIndex(r.stderr, "\n> POST")], "< Connection: close")
	if followed == 0 || connections != followed+1 {
		t.Errorf("Connection: close before another request: %d times; %d connections", followed, connections)
	}
	p.lostNothing(t, requests)
}

// HTTP/2 over TLS, one stream after the other: curl reads GOAWAY and connects
// anew.
func TestCurlHTTP2(t *testing.T) {
	t.Parallel()
	const requests = 200
	config, file := certificate(t)
	p := newPair(t, config, 50, ok)
	_, connections := curl(t, requests, "--rate", "50/s", "--cacert", file, fmt.Sprintf("https://%s/[1-%d]", p.addr, requests))
	if connections < 2 {
		t.Errorf("%d connections", connections)
	}
	p.lostNothing(t, requests)
}

// The same with several streams at once. Some are open when GOAWAY comes.
func TestCurlHTTP2Streams(t *testing.T) {
	t.Parallel()
	const requests = 1200
	config, file := certificate(t)
	p := newPair(t, config, 50, slow)
	r, connections := curl(t, requests, "--parallel", "--parallel-max", "8", "--cacert", file, fmt.Sprintf("https://%s/[1-%d]", p.addr, requests))
	if connections < 2 || !curlGoAway.MatchString(r.stderr) {
		t.Errorf("%d connections, and no GOAWAY was seen", connections)
	}
	p.lostNothing(t, requests)
}

// slow takes a while, so that many requests are open at once.
func slow(w http.ResponseWriter, r *http.Request) {
	time.Sleep(20 * time.Millisecond)
	ok(w, r)
}

// HTTP/2 in clear text, where curl before 8.0 fails with the second stream of
// a connection, whatever the server. So it is one stream, which is open when
// GOAWAY comes, and its answer is whole.
func TestCurlPriorKnowledge(t *testing.T) {
	t.Parallel()
	program := need(t, "curl", "curl")
	h := newHeld()
	s := newSite(t, nil, 0, h)
	c := start(t, program, "--silent", "--show-error", "--verbose", "--no-buffer", "--max-time", "30", "--http2-prior-knowledge", "http://"+s.addr)
	h.comes(t)
	s.terminate()
	c.awaitErr(t, curlGoAway)
	h.release()
	r := c.wait(t)
	if r.stdout != begun+whole {
		t.Errorf("the answer is %q", r.stdout)
	}
	r.ok(t)
	s.endedWell(t)
}
