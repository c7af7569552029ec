package pod

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/manifest"
)

// answers is a server with a page for each kind of response.
func answers(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/moved":
		http.Redirect(w, r, "/500", http.StatusFound)
	case "/elsewhere":
		http.Redirect(w, r, "http://lameduck.invalid/", http.StatusFound)
	case "/loop":
		http.Redirect(w, r, "/loop", http.StatusFound)
	case "/slow":
		<-r.Context().Done()
	default:
		status, _ := strconv.Atoi(r.URL.Path[1:])
		w.WriteHeader(status)
	}
}

// served is a process with the server on every port.
func served(t *testing.T, server *httptest.Server) process {
	t.Helper()
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return fake{conn: func(ctx context.Context, _ int) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	}}.start()
}

func httpGet(path string) *action {
	return &action{port: 8080, Handler: manifest.Handler{HTTP: &manifest.HTTPGet{Path: path}}}
}

func TestHTTPProbe(t *testing.T) {
	p := served(t, httptest.NewServer(http.HandlerFunc(answers)))
	for path, want := range map[string]string{
		"/200":       "",
		"200":        "",
		"/204":       "",
		"/399":       "",
		"/400":       "GET :8080/400 returned status 400",
		"/503":       "GET :8080/503 returned status 503",
		"/moved":     "GET :8080/moved returned status 500",
		"/elsewhere": "",
		"/loop":      "GET :8080/loop: stopped after 10 redirects",
	} {
		if got := reason(httpGet(path).check(t.Context(), p, "10.244.0.7")); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestHTTPProbeWithoutServer(t *testing.T) {
	p := fake{}.start()
	if got, want := reason(httpGet("/").check(t.Context(), p, "10.244.0.7")), "GET :8080/: connect: connection refused"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHTTPProbeTimesOut(t *testing.T) {
	p := served(t, httptest.NewServer(http.HandlerFunc(answers)))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if got, want := reason(httpGet("/slow").check(ctx, p, "10.244.0.7")), "GET :8080/slow: no response in time"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHTTPProbeRequest(t *testing.T) {
	var got http.Header
	var host, query string
	p := served(t, httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, host, query = r.Header, r.Host, r.URL.RawQuery
	})))
	a := httpGet("/ready?full=1")
	a.HTTP.Headers = [][2]string{{"X-Probe", "yes"}}
	if err := a.check(t.Context(), p, "10.244.0.7"); err != nil {
		t.Fatal(err)
	}
	want := http.Header{"User-Agent": {"kube-probe/1.34"}, "Accept": {"*/*"}, "X-Probe": {"yes"}, "Connection": {"close"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	if host != "10.244.0.7:8080" || query != "full=1" {
		t.Errorf("host %q, query %q", host, query)
	}
	a.HTTP.Headers = [][2]string{{"Host", "shop.example"}}
	if err := a.check(t.Context(), p, "10.244.0.7"); err != nil || host != "shop.example" {
		t.Errorf("host %q, error %v", host, err)
	}
}

func TestHTTPSProbe(t *testing.T) {
	p := served(t, httptest.NewTLSServer(http.HandlerFunc(answers)))
	a := httpGet("/200")
	a.HTTP.Scheme = "HTTPS"
	if err := a.check(t.Context(), p, "10.244.0.7"); err != nil {
		t.Error(err)
	}
}

func TestHTTPHook(t *testing.T) {
	p := served(t, httptest.NewServer(http.HandlerFunc(answers)))
	for _, path := range []string{"/200", "/404", "/500", "/elsewhere"} {
		if err := httpGet(path).hook(t.Context(), p, "10.244.0.7"); err != nil {
			t.Errorf("%s: %v, but any answer is a success", path, err)
		}
	}
	plain := httpGet("/200")
	plain.HTTP.Scheme = "HTTPS"
	if err := plain.hook(t.Context(), p, "10.244.0.7"); err != nil {
		t.Errorf("https of a server with plain HTTP: %v", err)
	}
	if err := httpGet("/200").hook(t.Context(), fake{}.start(), "10.244.0.7"); err == nil {
		t.Error("a hook that reaches no server succeeds")
	}
}

func TestTCPProbe(t *testing.T) {
	a := &action{port: 8080, Handler: manifest.Handler{TCP: &manifest.TCPSocket{}}}
	if err := a.check(t.Context(), fake{conn: silentServer}.start(), ""); err != nil {
		t.Error(err)
	}
	if err := a.check(t.Context(), fake{}.start(), ""); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want refused", err)
	}
}
