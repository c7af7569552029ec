//go:build linux

package netnskube

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for name, valid := range map[string]bool{
		"default": true, "a": true, "my-cluster-2": true, strings.Repeat("x", 32): true,
		"": false, "-a": false, "a-": false, "A": false, "../x": false, "a/b": false, strings.Repeat("x", 33): false,
	} {
		if err := checkName(name); (err == nil) != valid {
			t.Errorf("checkName(%q) = %v", name, err)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{Nodes: 3}, {Nodes: -1}, {ProxyMode: "ipvs"}, {Name: "a/b"}} {
		if _, err := o.withDefaults(); err == nil || Hint(err) == "" {
			t.Errorf("%+v: error %v with hint %q, want both", o, err, Hint(err))
		}
	}
	o, err := Options{}.withDefaults()
	if err != nil || o.Name != DefaultName || o.Nodes != 1 || o.ProxyMode != NFTables {
		t.Errorf("zero options are %+v, %v", o, err)
	}
}

func TestNoClusterByThatName(t *testing.T) {
	if err := Check(); err != nil {
		t.Skip(err)
	}
	if _, err := Open("there-is-none"); !errors.Is(err, ErrNotRunning) || Hint(err) == "" {
		t.Errorf("Open of no cluster: %v", err)
	}
}

func TestLockIsExclusive(t *testing.T) {
	if err := Check(); err != nil {
		t.Skip(err)
	}
	const name = "locktest"
	lock, err := lockState(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockState(name); !errors.Is(err, ErrRunning) {
		t.Errorf("second lock: %v", err)
	}
	if !running(name) {
		t.Error("locked, and not running")
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if running(name) {
		t.Error("not locked, and running")
	}
	if err := sweep(name); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stateDir(name)); err == nil {
		t.Error("swept, and still there")
	}
}

func TestKeysBelongTogether(t *testing.T) {
	dir := t.TempDir()
	p := plan{Name: "test", Dir: dir, Nodes: nodesOf(dir, 2)}
	a, admin, err := writePKI(p)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	verify := func(cert []byte, name string, usage x509.ExtKeyUsage) {
		t.Helper()
		b, _ := pem.Decode(cert)
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Verify(x509.VerifyOptions{Roots: roots, DNSName: name, KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
			t.Errorf("%s: %v", c.Subject, err)
		}
	}
	verify(admin.cert, "", x509.ExtKeyUsageClientAuth)
	for file, host := range map[string]string{"kube-apiserver.crt": apiIP, "kubelet-n2.crt": "10.200.0.12"} {
		cert, err := os.ReadFile(p.pki(file))
		if err != nil {
			t.Fatal(err)
		}
		verify(cert, host, x509.ExtKeyUsageServerAuth)
	}
	config, err := os.ReadFile(kubeconfigPath(dir))
	if err != nil || !json.Valid(config) || !bytes.Contains(config, []byte(apiURL)) {
		t.Errorf("kubeconfig: %v\n%s", err, config)
	}
}

func TestPauseArchive(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("a program"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "pause.tar")
	if err := writePauseArchive(path, program); err != nil {
		t.Fatal(err)
	}
	files := readTar(t, path)
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	m := manifest[0]
	if m.RepoTags[0] != pauseImage || files[m.Config] == nil || files[m.Layers[0]] == nil {
		t.Errorf("manifest %+v does not match the files of the archive", m)
	}
	if !bytes.Contains(files[m.Layers[0]], []byte("a program")) {
		t.Error("the program is not in the layer")
	}
}

func readTar(t *testing.T, path string) map[string][]byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	files := map[string][]byte{}
	for r := tar.NewReader(f); ; {
		header, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}
