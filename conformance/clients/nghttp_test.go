package clients

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What nghttp -v prints about the frames that matter here.
var (
	goAway  = regexp.MustCompile(`recv GOAWAY frame.*\n\s*\(last_stream_id=(\d+), error_code=(\S+),`)
	pingAck = regexp.MustCompile(`send PING frame.*\n\s*; ACK`)
)

// goAways are the frames of that kind: the last stream and the error of each.
func goAways(output string) (all []string) {
	for _, m := range goAway.FindAllStringSubmatch(output, -1) {
		all = append(all, m[1]+" "+m[2])
	}
	return all
}

const (
	firstGoAway = "2147483647 NO_ERROR(0x00)"
	lastGoAway  = "3 NO_ERROR(0x00)" // the streams are 1 and 3
)

// nghttp reads the first GOAWAY while two streams are open. It confirms that, is
// given the rest of both answers, and leaves.
func TestNghttp(t *testing.T) {
	t.Parallel()
	program := need(t, "nghttp", "nghttp2-client")
	version(t, program, "--version")
	h := newHeld()
	s := newSite(t, nil, 0, h)
	c := start(t, program, "--verbose", "--no-dep", "http://"+s.addr+"/1", "http://"+s.addr+"/2")
	h.comes(t)
	h.comes(t)
	s.terminate()
	c.awaitOut(t, pingAck)
	h.release()
	r := c.wait(t)
	// It leaves by itself, or a moment earlier reads that the server closes.
	if all := goAways(r.stdout); !slices.Equal(all, []string{firstGoAway}) && !slices.Equal(all, []string{firstGoAway, lastGoAway}) {
		t.Errorf("GOAWAY frames: %q", all)
	}
	if n := strings.Count(r.stdout, whole); n != 2 {
		t.Errorf("%d answers are whole", n)
	}
	r.ok(t)
	s.endedWell(t)
}

// nghttp sleeps through the termination, so it confirms nothing and the server
// closes the connection. What it then reads is in order: the answers, the
// GOAWAY that refuses nothing, the one that names the last stream.
func TestNghttpAsleep(t *testing.T) {
	t.Parallel()
	program := need(t, "nghttp", "nghttp2-client")
	h := newHeld()
	s := newSite(t, nil, 0, h)
	c := start(t, program, "--verbose", "--no-dep", "http://"+s.addr+"/1", "http://"+s.addr+"/2")
	h.comes(t)
	h.comes(t)
	pause(t, c)
	s.terminate()
	h.release()
	s.endedWell(t)
	resume(t, c)
	r := c.wait(t)
	if all := goAways(r.stdout); !slices.Equal(all, []string{firstGoAway, lastGoAway}) {
		t.Errorf("GOAWAY frames: %q", all)
	}
	if n := strings.Count(r.stdout, whole); n != 2 {
		t.Errorf("%d answers are whole", n)
	}
	r.ok(t)
}
