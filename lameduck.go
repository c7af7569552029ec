package lameduck

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
)

// ListenAndServe serves handler on the TCP address addr (":http" if empty)
// until SIGTERM or SIGINT, then terminates without dropping a connection and
// returns. It is [Process.RunUntilSignal] of a Process with one server and
// the default clocks. It returns nil if nothing was cut, unlike http.ListenAndServe:
// call log.Fatal only with an error. If handler is nil, http.DefaultServeMux is used.
func ListenAndServe(addr string, handler http.Handler) error {
	var p Process
	p.AddHTTP(&http.Server{Addr: addr, Handler: handler})
	return p.RunUntilSignal(context.Background())
}

// ListenAndServeTLS is [ListenAndServe] with TLS, HTTP/2 and HTTP/1.1 (addr is
// ":https" if empty). certFile has the certificate, followed by those of its
// issuers, and keyFile its private key, both in PEM. An error of reading them is
// returned at once. They are read once: for certificates that are renewed use
// [Process.AddHTTP] with GetCertificate.
func ListenAndServeTLS(addr, certFile, keyFile string, handler http.Handler) error {
	srv, err := tlsServer(addr, certFile, keyFile, handler)
	if err != nil {
		return err
	}
	var p Process
	p.AddHTTP(srv)
	return p.RunUntilSignal(context.Background())
}

func tlsServer(addr, certFile, keyFile string, handler http.Handler) (*http.Server, error) {
	c, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("lameduck: %w", err)
	}
	return &http.Server{Addr: addr, Handler: handler, TLSConfig: &tls.Config{Certificates: []tls.Certificate{c}}}, nil
}
