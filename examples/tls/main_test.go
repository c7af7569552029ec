package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/examples/internal/trial"
	"github.com/lameduck-dev/lameduck/examples/load"
)

func TestMain(m *testing.M) { trial.Main(m, main) }

func TestTerminates(t *testing.T) { trial.Leave(t, load.TLS, "Connection: close", "GOAWAY or close") }

func TestALossIsSeen(t *testing.T) { trial.Kill(t, load.TLS) }

// A certificate that is replaced is handed out from the next handshake on.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	first := write(t, cert, key, time.Now().Add(-time.Hour))
	p := trial.Start(t, "-cert", cert, "-key", key)
	if got := served(t, p.Addr); !got.Equal(first) {
		t.Errorf("serves the certificate %v, want %v", got.SerialNumber, first.SerialNumber)
	}
	second := write(t, cert, key, time.Now())
	if got := served(t, p.Addr); !got.Equal(second) {
		t.Errorf("serves the certificate %v, want the new one, %v", got.SerialNumber, second.SerialNumber)
	}
}

// write writes a new certificate and its key. Seconds may be all that the
// file system distinguishes.
func write(t *testing.T, cert, key string, at time.Time) *x509.Certificate {
	c, err := selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: c.Certificate[0]},
		key:  {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

// served is the certificate of a new connection.
func served(t *testing.T, addr string) *x509.Certificate {
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0]
}
