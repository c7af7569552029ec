package lameduck

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// certificate makes one for "localhost".
func certificate(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// transports are the ways in which HTTP/2 is served.
var transports = []string{"h2c", "tls"}

// serverOf is a server of HTTP/2 in that way, and HTTP/1.1.
func serverOf(t testing.TB, way string, h http.Handler) *http.Server {
	srv := &http.Server{Handler: h, Protocols: new(http.Protocols)}
	srv.Protocols.SetHTTP1(true)
	if way == "tls" {
		srv.Protocols.SetHTTP2(true)
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate(t)}}
	} else {
		srv.Protocols.SetUnencryptedHTTP2(true)
	}
	return srv
}

// transportOf uses HTTP/2 only. It dials what dial returns.
func transportOf(way string, dial func(context.Context) (net.Conn, error)) (*http.Transport, string) {
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
	if way == "tls" {
		tr.Protocols.SetHTTP2(true)
		tr.TLSClientConfig = &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"}
		return tr, "https://localhost/"
	}
	tr.Protocols.SetUnencryptedHTTP2(true)
	return tr, "http://localhost/"
}

// HTTP/2 clients with many streams each go through whole terminations with
// bodies that cannot be sent again: no stream is lost. As in a cluster, new
// connections go elsewhere some time after T0.
func TestNoStreamIsLost(t *testing.T) {
	for _, way := range transports {
		for _, think := range []time.Duration{0, 20 * time.Millisecond} {
			t.Run(fmt.Sprint(way, " think=", think), func(t *testing.T) {
				t.Parallel()
				h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.ProtoMajor != 2 || (r.TLS != nil) != (way == "tls") {
						t.Errorf("%s, TLS %v", r.Proto, r.TLS != nil)
					}
					io.Copy(w, r.Body)
				})
				var addrs [2]string
				var ended [2]chan error
				var terminate [2]context.CancelFunc
				for i := range addrs {
					l, err := net.Listen("tcp", "127.0.0.1:0")
					if err != nil {
						t.Fatal(err)
					}
					p := &Process{Delay: 1500 * time.Millisecond, Quiet: 500 * time.Millisecond, Spread: 200 * time.Millisecond}
					p.AddHTTP(serverOf(t, way, h), l)
					var ctx context.Context
					ctx, terminate[i] = context.WithCancel(t.Context())
					ended[i] = make(chan error, 1)
					go func() { ended[i] <- p.Run(ctx) }()
					addrs[i] = l.Addr().String()
				}
				var elsewhere atomic.Int32
				dial := func(ctx context.Context) (net.Conn, error) {
					var d net.Dialer
					return d.DialContext(ctx, "tcp", addrs[elsewhere.Load()])
				}
				stop := make(chan struct{})
				var clients sync.WaitGroup
				var requests atomic.Int64
				for range 4 {
					tr, url := transportOf(way, dial)
					for range 8 {
						clients.Go(func() { postStreams(t, tr, url, think, stop, &requests) })
					}
					defer tr.CloseIdleConnections()
				}
				time.AfterFunc(200*time.Millisecond, terminate[0])
				time.AfterFunc(400*time.Millisecond, func() { elsewhere.Store(1) })
				if err := <-ended[0]; err != nil {
					t.Errorf("Run: %v", err)
				}
				close(stop)
				clients.Wait()
				terminate[1]()
				if err := <-ended[1]; err != nil {
					t.Errorf("Run: %v", err)
				}
				t.Logf("%d requests", requests.Load())
				if requests.Load() == 0 {
					t.Error("no request at all")
				}
			})
		}
	}
}

func postStreams(t *testing.T, tr *http.Transport, url string, think time.Duration, stop chan struct{}, requests *atomic.Int64) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		requests.Add(1)
		sent := &onceReader{Reader: strings.NewReader("hello")}
		req, err := http.NewRequest("POST", url, sent)
		if err != nil {
			t.Error(err)
			return
		}
		res, err := tr.RoundTrip(req)
		if err != nil && !sent.begun.Load() {
			continue
		}
		if err != nil {
			t.Errorf("answer: %v", err)
			return
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if string(body) != "hello" || err != nil {
			t.Errorf("body %q, %v", body, err)
			return
		}
		time.Sleep(think)
	}
}

// A onceReader cannot be rewound. It knows whether it was read at all: Go's
// Transport gives a request up that it never sent if it learns, just before it
// would, that the server is leaving ("cannot rewind body").
type onceReader struct {
	io.Reader
	begun atomic.Bool
}

func (r *onceReader) Read(b []byte) (int, error) {
	r.begun.Store(true)
	return r.Reader.Read(b)
}
