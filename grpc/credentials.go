// Package lameduckgrpc is what a gRPC server of google.golang.org/grpc needs beside
// package lameduck: credentials below which the library still sees the frames of HTTP/2,
// and Draining in the context of its handlers.
//
//	var p lameduck.Process
//	s := grpc.NewServer(
//		grpc.Creds(lameduckgrpc.Credentials(credentials.NewTLS(config))),
//		grpc.ChainUnaryInterceptor(lameduckgrpc.UnaryDraining(&p)),
//		grpc.ChainStreamInterceptor(lameduckgrpc.StreamDraining(&p)),
//	)
//	p.AddGRPC(s, health, listener)
//	err := p.RunUntilSignal(context.Background())
//
// It is a module of its own because package lameduck requires the standard library only.
package lameduckgrpc

import (
	"net"

	"google.golang.org/grpc/credentials"
)

// Credentials returns c for a server that is given to Process.AddGRPC. The handshake
// is that of c, and so is the AuthInfo that handlers find in their peer: client
// certificates and SPIFFE IDs as before. What the server sends afterwards passes the
// library before it is encrypted, so that each client is asked to leave by GOAWAY at
// its own moment within Spread, as in clear text.
//
// c may be any credentials: those of credentials.NewTLS, of xds, alts or go-spiffe.
// If c uses TLS, and a part of a record has come, the connection is not closed before
// the rest: it may be a call. With any other c the library does not know of parts. A
// client that stops in the middle of its handshake is waited for until the server's
// grpc.ConnectionTimeout, 120 s by default, or the cut.
//
// For a server that the library does not run, and for a client, they do what c does.
func Credentials(c credentials.TransportCredentials) credentials.TransportCredentials {
	return wrapped{c}
}

type wrapped struct {
	credentials.TransportCredentials
}

// A secured is a connection of Process.AddGRPC. Secure has the handshake done on the
// connection below it, and returns the one on which the server is to use HTTP/2.
type secured interface {
	Secure(handshake func(net.Conn) (net.Conn, error)) (net.Conn, error)
}

// ServerHandshake is called for each connection that the server accepts.
func (w wrapped) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	own, ok := conn.(secured)
	if !ok {
		return w.TransportCredentials.ServerHandshake(conn)
	}
	var info credentials.AuthInfo
	over, err := own.Secure(func(below net.Conn) (over net.Conn, err error) {
		over, info, err = w.TransportCredentials.ServerHandshake(below)
		return over, err
	})
	if err != nil {
		return nil, nil, err
	}
	return over, info, nil
}

// Clone returns a copy that is wrapped too.
func (w wrapped) Clone() credentials.TransportCredentials {
	return wrapped{w.TransportCredentials.Clone()}
}
