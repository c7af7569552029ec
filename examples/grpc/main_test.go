package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/examples/internal/trial"
	"github.com/lameduck-dev/lameduck/examples/load"
)

func TestMain(m *testing.M) { trial.Main(m, main) }

func TestTerminates(t *testing.T) { trial.Leave(t, load.GRPC, "NOT_SERVING", "end of the stream") }

func TestALossIsSeen(t *testing.T) { trial.Kill(t, load.GRPC) }

func TestTerminatesWithTLS(t *testing.T) {
	_, result := trial.Terminate(t, load.GRPCTLS, certificate(t)...)
	for _, way := range []string{"NOT_SERVING", "end of the stream"} {
		if result.Asked[way] == 0 {
			t.Errorf("no client was asked to leave by %s: %v", way, result.Asked)
		}
	}
}

func TestALossIsSeenWithTLS(t *testing.T) { trial.Kill(t, load.GRPCTLS, certificate(t)...) }

// certificate writes a new certificate and its key, and returns the flags for them.
func certificate(t *testing.T) []string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"load"}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	write(t, certFile, &pem.Block{Type: "CERTIFICATE", Bytes: cert})
	write(t, keyFile, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return []string{"-cert", certFile, "-key", keyFile}
}

func write(t *testing.T, file string, block *pem.Block) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
}
