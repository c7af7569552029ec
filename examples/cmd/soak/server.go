package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/lameduck-dev/lameduck"
	"github.com/lameduck-dev/lameduck/examples/grpc/clock"
	lameduckgrpc "github.com/lameduck-dev/lameduck/grpc"
)

// childVariable makes this program the server.
const childVariable = "SOAK_SERVER"

func serveIfChild() {
	if os.Getenv(childVariable) == "" {
		return
	}
	go func() { // it does not outlive the soak, however that ends
		io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "soak server:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serve serves every protocol in one Process.
func serve() error {
	p := &lameduck.Process{
		// delay is longer than Spread and the longest that a client thinks (500 ms):
		// so each has an answer, with Connection: close, before the end of the lame duck.
		Delay: delay, Quiet: 200 * time.Millisecond, Spread: 250 * time.Millisecond,
		Grace: time.Minute, Reserve: time.Second, Log: slog.New(slog.DiscardHandler),
	}
	addrs := map[string]string{}
	listen := func(protocols ...string) net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			fmt.Fprintln(os.Stderr, "soak server:", err)
			os.Exit(1)
		}
		for _, name := range protocols {
			addrs[name] = l.Addr().String()
		}
		return l
	}
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	mux := routes()
	both := new(http.Protocols)
	both.SetHTTP1(true)
	both.SetUnencryptedHTTP2(true)
	p.AddHTTP(&http.Server{Handler: mux, Protocols: both}, listen("http", "websocket", "sse", "longpoll", "h2c"))
	p.AddHTTP(&http.Server{Handler: mux, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}, listen("tls"))
	p.AddConn(listen("tcp"), lines)

	healthy := health.NewServer()
	g := grpc.NewServer(grpc.StreamInterceptor(lameduckgrpc.StreamDraining(p)))
	grpc_health_v1.RegisterHealthServer(g, healthy)
	clock.RegisterClockServer(g, ticker{})
	p.AddGRPC(g, healthy, listen("grpc"))

	if err := json.NewEncoder(os.Stdout).Encode(addrs); err != nil {
		return err
	}
	return p.RunUntilSignal(context.Background())
}

func routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	mux.HandleFunc("GET /echo", echo)
	mux.HandleFunc("GET /events", events)
	mux.HandleFunc("GET /news", news)
	return mux
}

// echo is the WebSocket.
func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	type message struct {
		kind websocket.MessageType
		text []byte
	}
	messages := make(chan message, 1)
	go func() {
		defer close(messages)
		for {
			kind, text, err := c.Read(r.Context())
			if err != nil {
				return
			}
			messages <- message{kind, text}
		}
	}()
	for {
		select {
		case m, ok := <-messages:
			if !ok || c.Write(r.Context(), m.kind, m.text) != nil {
				return
			}
		case <-lameduck.Draining(r.Context()):
			c.Close(websocket.StatusGoingAway, "terminating")
			return
		}
	}
}

func events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	id, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			id++
			fmt.Fprintf(w, "id: %d\ndata: tick\n\n", id)
			if http.NewResponseController(w).Flush() != nil {
				return
			}
		case <-lameduck.Draining(r.Context()):
			fmt.Fprint(w, "event: reconnect\nretry: 100\ndata: bye\n\n")
			return
		case <-r.Context().Done():
			return
		}
	}
}

func news(w http.ResponseWriter, r *http.Request) {
	select {
	case <-time.After(100 * time.Millisecond):
		fmt.Fprintln(w, time.Now().UnixMilli())
	case <-lameduck.Draining(r.Context()):
		w.WriteHeader(http.StatusNoContent)
	case <-r.Context().Done():
	}
}

// lines sends every line back, writes "closing" when it is asked to leave, and
// goes on until the client hangs up.
func lines(ctx context.Context, c net.Conn) {
	hungUp := make(chan struct{})
	defer close(hungUp)
	go func() {
		select {
		case <-lameduck.Draining(ctx):
			fmt.Fprintln(c, "closing")
		case <-hungUp:
		}
	}()
	for in := bufio.NewScanner(c); in.Scan(); {
		if _, err := fmt.Fprintln(c, in.Text()); err != nil {
			return
		}
	}
}

type ticker struct{ clock.UnimplementedClockServer }

func (ticker) Now(_ context.Context, r *clock.NowRequest) (*clock.NowReply, error) {
	return &clock.NowReply{Id: r.Id, UnixNano: time.Now().UnixNano()}, nil
}

func (ticker) Ticks(r *clock.TicksRequest, s grpc.ServerStreamingServer[clock.Tick]) error {
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	for n := r.After + 1; ; n++ {
		select {
		case now := <-every.C:
			if err := s.Send(&clock.Tick{Number: n, UnixNano: now.UnixNano()}); err != nil {
				return err
			}
		case <-lameduck.Draining(s.Context()):
			return nil
		case <-s.Context().Done():
			return s.Context().Err()
		}
	}
}

func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
