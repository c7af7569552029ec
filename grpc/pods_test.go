package lameduckgrpc_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/peer"

	"github.com/lameduck-dev/lameduck"
	lameduckgrpc "github.com/lameduck-dev/lameduck/grpc"
)

// An authority signs the certificates of one test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, pool: x509.NewCertPool()}
	own := a.sign(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.cert, a.key = own.Leaf, own.PrivateKey.(*ecdsa.PrivateKey)
	a.pool.AddCert(a.cert)
	return a
}

// server is the certificate of a server, client that of a client with a SPIFFE ID.
func (a *authority) server() tls.Certificate {
	return a.sign(&x509.Certificate{DNSNames: []string{"pods"}})
}

func (a *authority) client(id string) tls.Certificate {
	uri, err := url.Parse(id)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.sign(&x509.Certificate{URIs: []*url.URL{uri}})
}

// sign completes a template and signs it, with the key of its own while there is no
// authority yet.
func (a *authority) sign(x *x509.Certificate) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	x.SerialNumber, x.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: "test"}
	x.NotBefore, x.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, by := a.cert, a.key
	if parent == nil {
		parent, by = x, key
	}
	der, err := x509.CreateCertificate(rand.Reader, x, parent, &key.PublicKey, by)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// A pod is a server of grpc-go that the library runs.
type pod struct {
	pb.UnimplementedTestServiceServer
	addr   string
	served atomic.Int64 // calls and messages of streams
	peers  sync.Map     // the AuthInfo of each call's peer, by its type and SPIFFE ID

	process   *lameduck.Process
	terminate context.CancelFunc
	ended     chan struct{}
	err       error // of Run; to be read when ended is closed
}

// serve starts a pod. creds are those of its server.
func serve(t *testing.T, creds credentials.TransportCredentials) *pod {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &pod{addr: l.Addr().String(), ended: make(chan struct{}), process: &lameduck.Process{
		Delay: time.Second, Quiet: time.Second, Spread: 300 * time.Millisecond,
		Grace: 8 * time.Second, Reserve: time.Second,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}}
	g, h := grpc.NewServer(grpc.Creds(creds),
		grpc.ChainUnaryInterceptor(lameduckgrpc.UnaryDraining(s.process)),
		grpc.ChainStreamInterceptor(lameduckgrpc.StreamDraining(s.process)),
	), health.NewServer()
	pb.RegisterTestServiceServer(g, s)
	grpc_health_v1.RegisterHealthServer(g, h)
	s.process.AddGRPC(g, h, l)
	ctx, cancel := context.WithCancel(context.Background())
	s.terminate = cancel
	go func() {
		defer close(s.ended)
		s.err = s.process.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-s.ended
		g.Stop() // what a test left behind
	})
	return s
}

// endedWell waits for the end: nothing was cut.
func (s *pod) endedWell(t *testing.T) {
	t.Helper()
	<-s.ended
	if s.err != nil {
		t.Errorf("Run: %v", s.err)
	}
}

// note keeps what is known of the client.
func (s *pod) note(ctx context.Context) {
	s.served.Add(1)
	if p, ok := peer.FromContext(ctx); ok && p.AuthInfo != nil {
		s.peers.Store(p.AuthInfo.AuthType(), p.AuthInfo)
	}
}

// UnaryCall answers at once, and with a size of response only when it is asked to leave.
func (s *pod) UnaryCall(ctx context.Context, r *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	s.note(ctx)
	if r.ResponseSize > 0 {
		select {
		case <-lameduck.Draining(ctx):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &pb.SimpleResponse{}, nil
}

// FullDuplexCall sends messages until the server is to leave.
func (s *pod) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	every := time.NewTicker(5 * time.Millisecond)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			s.note(stream.Context())
			if err := stream.Send(&pb.StreamingOutputCallResponse{}); err != nil {
				return err
			}
		case <-lameduck.Draining(stream.Context()):
			return nil
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}
