package lameduckgrpc_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	"github.com/lameduck-dev/lameduck"
)

// A watched has the credentials of a client, and collects the GOAWAY frames that come
// out of the encryption.
type watched struct {
	credentials.TransportCredentials
	goAways *goAways
}

func (w watched) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	over, info, err := w.TransportCredentials.ClientHandshake(ctx, authority, conn)
	if err != nil {
		return nil, nil, err
	}
	if conn.RemoteAddr().String() != w.goAways.of.addr {
		return over, info, nil
	}
	return &framesOf{Conn: over, of: w.goAways}, info, nil
}

func (w watched) Clone() credentials.TransportCredentials { return w }

// goAways are the GOAWAY frames of one pod.
type goAways struct {
	of  *pod
	mu  sync.Mutex
	all []goAway
}

// A goAway is the last stream that it names, and the phase that the pod was in when it
// had come.
type goAway struct {
	last  uint32
	phase lameduck.Phase
}

func (g *goAways) add(last uint32) {
	phase := g.of.process.Status().Phase
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all = append(g.all, goAway{last, phase})
}

func (g *goAways) has(x goAway) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Contains(g.all, x)
}

// framesOf follows the frames that a client reads (RFC 9113, section 4.1).
type framesOf struct {
	net.Conn
	of    *goAways
	frame []byte // of the one at hand, what has come
}

func (f *framesOf) Read(b []byte) (int, error) {
	n, err := f.Conn.Read(b)
	f.frame = append(f.frame, b[:n]...)
	for len(f.frame) >= 9 {
		size := 9 + int(binary.BigEndian.Uint32(f.frame)>>8)
		if len(f.frame) < size {
			break
		}
		if f.frame[3] == 7 {
			f.of.add(binary.BigEndian.Uint32(f.frame[9:]))
		}
		f.frame = f.frame[size:]
	}
	return n, err
}

// dial returns a client of several pods that retries nothing.
func dial(t *testing.T, config *tls.Config, seen *goAways, pods ...*pod) *grpc.ClientConn {
	t.Helper()
	addresses := manual.NewBuilderWithScheme("pods")
	var state resolver.State
	for _, s := range pods {
		state.Addresses = append(state.Addresses, resolver.Address{Addr: s.addr, ServerName: "pods"})
	}
	addresses.InitialState(state)
	c, err := grpc.NewClient("pods:///", grpc.WithResolvers(addresses), grpc.WithDisableRetry(),
		grpc.WithTransportCredentials(watched{credentials.NewTLS(config), seen}),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// A load is unary calls and streams, without a pause, until it is ended.
type load struct {
	t       *testing.T
	calls   atomic.Int64
	came    chan struct{} // is closed when some calls were answered
	end     chan struct{}
	clients sync.WaitGroup
}

func startLoad(t *testing.T, c *grpc.ClientConn) *load {
	t.Helper()
	l := &load{t: t, came: make(chan struct{}), end: make(chan struct{})}
	service := pb.NewTestServiceClient(c)
	for range 4 {
		l.clients.Go(func() { l.until(func() error { return l.unary(service) }) })
	}
	for range 2 {
		l.clients.Go(func() { l.until(func() error { return l.stream(service) }) })
	}
	return l
}

// until repeats do until the load is ended. Any error is a call that was lost.
func (l *load) until(do func() error) {
	for !l.over() {
		if err := do(); err != nil {
			l.t.Errorf("lost: %v", err)
			return
		}
	}
}

func (l *load) over() bool {
	select {
	case <-l.end:
		return true
	default:
		return false
	}
}

func (l *load) count() {
	if l.calls.Add(1) == 200 {
		close(l.came)
	}
}

func (l *load) unary(service pb.TestServiceClient) error {
	_, err := service.UnaryCall(l.t.Context(), &pb.SimpleRequest{})
	l.count()
	return err
}

// stream is one that lasts until the server ends it, or the load.
func (l *load) stream(service pb.TestServiceClient) error {
	ctx, cancel := context.WithCancel(l.t.Context())
	defer cancel()
	s, err := service.FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	for !l.over() {
		if _, err := s.Recv(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		l.count()
	}
	return nil
}
