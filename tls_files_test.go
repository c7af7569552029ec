package lameduck

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The server of ListenAndServeTLS serves HTTP/2 with the certificate of the files.
func TestServerOfCertificateFiles(t *testing.T) {
	c := certificate(t)
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, keyFile: {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	srv, err := tlsServer("127.0.0.1:0", certFile, keyFile, http.HandlerFunc(ok))
	if err != nil {
		t.Fatal(err)
	}
	p := &Process{Delay: -1, Quiet: -1}
	p.AddHTTP(srv)
	if err := p.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()

	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Get("https://" + p.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.ProtoMajor != 2 || !bytes.Equal(res.TLS.PeerCertificates[0].Raw, c.Certificate[0]) {
		t.Errorf("answered with %s by %v", res.Proto, res.TLS.PeerCertificates[0].Subject)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestListenAndServeTLSWithoutFiles(t *testing.T) {
	err := ListenAndServeTLS("127.0.0.1:0", "none.crt", "none.key", nil)
	if err == nil || !strings.HasPrefix(err.Error(), "lameduck: ") || !strings.Contains(err.Error(), "none.crt") {
		t.Error(err)
	}
}
