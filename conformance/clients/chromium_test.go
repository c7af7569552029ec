package clients

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A page posts in a loop, through a termination of its server. No fetch fails,
// and all that Chromium has sent, by its own log, has come. With HTTP/2 a fetch
// may fail that was not sent: if GOAWAY comes between the choice of the
// connection and the start of the stream, Chromium's TryCreateStream gives up.
func TestChromium(t *testing.T) {
	program := need(t, "chromium", "chromium")
	version(t, program, "--version")
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%v", secure), func(t *testing.T) { testChromium(t, program, secure) })
	}
}

func testChromium(t *testing.T, program string, secure bool) {
	t.Parallel()
	site := &page{outcomes: make(chan outcome, 1)}
	origin := "http://"
	var p *pair
	if secure {
		config, _ := certificate(t)
		origin = "https://"
		p = newPair(t, config, 50, site.ServeHTTP)
	} else {
		p = newPair(t, nil, 50, site.ServeHTTP)
	}
	b := startChromium(t, program, origin+p.addr)
	result := site.await(t, b)
	log := b.close(t)
	if came := site.posts.Load(); int64(result.Requests) != came || len(result.Failures) > 0 && !secure {
		t.Errorf("%d requests and %d failures on the page, %d posts came: %q", result.Requests, len(result.Failures), came, result.Failures)
		t.Logf("the errors in Chromium's network log: %v", log.errors())
	}
	if n := len(result.Failures); n > 0 {
		t.Logf("Chromium has failed %d fetches that were about to begin when GOAWAY came; it has not sent them", n)
	}
	if secure && log.count(readBye) == 0 {
		t.Error("Chromium has read no GOAWAY")
	}
	if n := log.count(dialed); n < 2 {
		t.Errorf("Chromium has opened %d connections", n)
	}
	p.lostNothing(t, log.sent())
}

// A page is what the browser loads, and the outcome that it posts.
type page struct {
	posts    atomic.Int64
	outcomes chan outcome
}

type outcome struct {
	Requests int
	Failures []string
}

func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		http.ServeFile(w, r, filepath.Join("testdata", "page.html"))
	case "/post":
		p.posts.Add(1)
		ok(w, r)
	case "/outcome":
		var s outcome
		if body, err := io.ReadAll(r.Body); err != nil || json.Unmarshal(body, &s) != nil {
			http.Error(w, "not the outcome of a page", http.StatusBadRequest)
			return
		}
		p.outcomes <- s
	default:
		http.NotFound(w, r)
	}
}

func (p *page) await(t *testing.T, b *browser) outcome {
	t.Helper()
	select {
	case s := <-p.outcomes:
		return s
	case <-time.After(limit):
		t.Fatalf("the page has posted no outcome:\n%s", tail(b.err.String()))
		return outcome{}
	}
}

// A browser is a Chromium without a window, with files of its own. It is given
// orders through a pipe, and ends when that closes, so that it cannot survive.
type browser struct {
	*client
	orders *os.File
	log    string
}

func startChromium(t *testing.T, program, url string) *browser {
	t.Helper()
	dir := t.TempDir()
	b := &browser{log: filepath.Join(dir, "log.json")}
	args := []string{
		"--headless", "--disable-gpu", "--disable-dev-shm-usage", "--disable-breakpad", "--disable-crash-reporter",
		"--no-first-run", "--disable-extensions", "--disable-component-update", "--disable-background-networking",
		"--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", // and nothing leaves this machine
		"--ignore-certificate-errors", "--remote-debugging-pipe",
		"--user-data-dir=" + filepath.Join(dir, "user"), "--log-net-log=" + b.log,
	}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // there is none for root
	}
	cmd := exec.Command(program, append(args, url)...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir)
	theirOrders, ours, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	theirs, theirAnswers, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	b.orders = ours
	cmd.ExtraFiles = []*os.File{theirOrders, theirAnswers}
	b.client = startCmd(t, cmd, syscall.SIGKILL)
	theirOrders.Close()
	theirAnswers.Close()
	go func() {
		io.Copy(io.Discard, theirs)
		theirs.Close()
	}()
	t.Cleanup(func() { ours.Close() })
	return b
}

// close ends the browser as its user does, and returns its log.
func (b *browser) close(t *testing.T) *netLog {
	t.Helper()
	if _, err := io.WriteString(b.orders, `{"id":1,"method":"Browser.close"}`+"\x00"); err != nil {
		t.Fatal(err)
	}
	b.wait(t)
	data, err := os.ReadFile(b.log)
	if err != nil {
		t.Fatal(err)
	}
	var log netLog
	if err := json.Unmarshal(data, &log); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{dialed, sentHTTP1, sentHTTP2, readBye} {
		if _, known := log.Constants.LogEventTypes[kind]; !known {
			t.Fatalf("the log of Chromium knows no %s", kind)
		}
	}
	return &log
}

// A netLog is what Chromium writes of its network.
type netLog struct {
	Constants struct {
		LogEventTypes map[string]int `json:"logEventTypes"`
	} `json:"constants"`
	Events []struct {
		Type   int `json:"type"`
		Phase  int `json:"phase"`
		Params struct {
			NetError json.RawMessage `json:"net_error"` // a number or a name
		} `json:"params"`
	} `json:"events"`
}

const phaseEnd = 2

// count is how many events of a kind there are; of those that last, the begin
// counts.
func (l *netLog) count(kind string) (n int) {
	for _, e := range l.Events {
		if e.Type == l.Constants.LogEventTypes[kind] && e.Phase != phaseEnd {
			n++
		}
	}
	return n
}

// sent is how many requests went out. The page does not learn of all: one that
// fails before its answer is sent again. A request that was about to begin when
// its connection was asked to close is not one of them, and takes another.
func (l *netLog) sent() int { return l.count(sentHTTP1) + l.count(sentHTTP2) }

// errors are the errors by their events, and how many there are of each.
func (l *netLog) errors() map[string]int {
	all := map[string]int{}
	for kind, is := range l.Constants.LogEventTypes {
		for _, e := range l.Events {
			if code := string(e.Params.NetError); e.Type == is && code != "" && code != "0" {
				all[kind+" "+code]++
			}
		}
	}
	return all
}

// The events that the test asks for.
const (
	dialed    = "TCP_CONNECT"
	sentHTTP1 = "HTTP_TRANSACTION_SEND_REQUEST_HEADERS"
	sentHTTP2 = "HTTP2_SESSION_SEND_HEADERS"
	readBye   = "HTTP2_SESSION_RECV_GOAWAY"
)
