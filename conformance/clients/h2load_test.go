package clients

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// h2load does not connect again after a GOAWAY, and ends. Of the
// requests that it was to send, those that it has sent must succeed. When it
// reads GOAWAY it fails itself what it has begun and not sent.
func TestH2load(t *testing.T) {
	program := need(t, "h2load", "nghttp2-client")
	version(t, program, "--version")
	config, _ := certificate(t)
	for _, c := range []struct {
		name, scheme string
		config       *tls.Config
	}{{"h2c", "http", nil}, {"tls", "https", config}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, c.config, 50, http.HandlerFunc(slow))
			counts := h2load(t, program, "--requests=100000", "--max-concurrent-streams=4", c.scheme+"://"+s.addr)
			if served := int(s.served.Load()); counts.succeeded != served {
				t.Errorf("%+v; %d came", counts, served)
			}
			if n := counts.started - counts.succeeded; n > 0 {
				t.Logf("h2load had begun %d requests, and not sent them, when GOAWAY came", n)
			}
			s.endedWell(t)
		})
	}
}

// With HTTP/1.1 it does, and goes on until its time is over.
func TestH2loadHTTP1(t *testing.T) {
	t.Parallel()
	p := newPair(t, nil, 50, slow)
	counts := h2load(t, need(t, "h2load", "nghttp2-client"), "--duration=3", "--h1", "http://"+p.addr)
	if counts.failed > 0 || counts.started-counts.succeeded > connections {
		t.Errorf("%+v: more than those at the end of its time", counts)
	}
	p.leaving.endedWell(t)
	if p.staying.served.Load() == 0 {
		t.Error("no request went to the server that stays")
	}
}

const connections = 8

// counts are what h2load prints about its requests.
type counts struct{ started, succeeded, failed int }

var h2loadCounts = regexp.MustCompile(`requests: \d+ total, (\d+) started, \d+ done, (\d+) succeeded, (\d+) failed`)

// h2load posts and returns its counts.
func h2load(t *testing.T, program string, args ...string) (c counts) {
	t.Helper()
	body := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(body, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	args = append([]string{fmt.Sprintf("--clients=%d", connections), "--data=" + body}, args...)
	r := run(t, program, args...)
	found := h2loadCounts.FindStringSubmatch(r.stdout)
	if found == nil {
		t.Errorf("h2load does not print what became of its requests")
	} else {
		fmt.Sscan(found[1]+" "+found[2]+" "+found[3], &c.started, &c.succeeded, &c.failed)
	}
	if c.started == 0 {
		t.Errorf("%+v", c)
	}
	r.ok(t)
	return c
}
