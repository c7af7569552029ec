package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"math/big"
	"os"
	"sync"
	"time"
)

// A getter is a tls.Config's GetCertificate.
type getter func(*tls.ClientHelloInfo) (*tls.Certificate, error)

// certificate returns what hands out the certificate of two files, or without files
// a self-signed one.
func certificate(cert, key string) (getter, error) {
	if cert == "" {
		c, err := selfSigned()
		return func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c, nil }, err
	}
	f := &files{cert: cert, key: key}
	err := f.read()
	return f.get, err
}

// files are a certificate and its key, which may be replaced while the server runs: cert-manager
// does, long before the old one expires.
type files struct {
	cert, key string

	mu      sync.Mutex
	current *tls.Certificate
	written time.Time // when the certificate's file was
}

// get reads the files again if they are new. If they cannot be read, or do
// not belong together yet, the old certificate stays in use.
func (f *files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.read(); err != nil {
		slog.Warn("cannot read the new certificate, the old one stays in use", "error", err)
	}
	return f.current, nil
}

func (f *files) read() error {
	info, err := os.Stat(f.cert)
	if err != nil || info.ModTime().Equal(f.written) {
		return err
	}
	c, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err == nil {
		f.current, f.written = &c, info.ModTime()
	}
	return err
}

func selfSigned() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		DNSNames:     []string{"localhost"},
		NotAfter:     time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
