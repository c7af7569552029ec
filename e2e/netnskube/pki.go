//go:build linux

package netnskube

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority is a cluster's own certificate authority. It exists as long as the
// boot does: its key is never written down.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// pair is a certificate with its key, both as PEM.
type pair struct{ cert, key []byte }

const certificateLife = 365 * 24 * time.Hour

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "netnskube"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(certificateLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{cert, key, block("CERTIFICATE", der)}, nil
}

// server issues a certificate for a server at the given names and addresses.
func (a *authority) server(name string, hosts ...string) (pair, error) {
	template := x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	return a.issue(template)
}

// client issues a certificate for a user of the API and its groups.
func (a *authority) client(user string, groups ...string) (pair, error) {
	return a.issue(x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

func (a *authority) issue(template x509.Certificate) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return pair{}, err
	}
	template.NotBefore, template.NotAfter = a.cert.NotBefore, a.cert.NotAfter
	template.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, &template, a.cert, key.Public(), a.key)
	if err != nil {
		return pair{}, err
	}
	keyPEM, err := privateKey(key)
	return pair{block("CERTIFICATE", der), keyPEM}, err
}

func privateKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	return block("EC PRIVATE KEY", der), err
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// kubeconfig is a whole kubeconfig file, its certificates inside it, for one
// user of the API. It is JSON, which is YAML.
func (a *authority) kubeconfig(user pair) ([]byte, error) {
	type object = map[string]any
	return json.MarshalIndent(object{
		"apiVersion":      "v1",
		"kind":            "Config",
		"current-context": "netnskube",
		"contexts":        []object{{"name": "netnskube", "context": object{"cluster": "netnskube", "user": "netnskube"}}},
		"clusters":        []object{{"name": "netnskube", "cluster": object{"server": apiURL, "certificate-authority-data": a.pem}}},
		"users":           []object{{"name": "netnskube", "user": object{"client-certificate-data": user.cert, "client-key-data": user.key}}},
	}, "", "  ")
}

// apiUsers are the users of the API: the file of each one's kubeconfig, its
// name and its groups. Bootstrap RBAC knows all but cluster DNS.
func apiUsers(p plan) map[string][]string {
	users := map[string][]string{
		"admin":                   {"admin", "system:masters"},
		"kube-controller-manager": {"system:kube-controller-manager"},
		"kube-scheduler":          {"system:kube-scheduler"},
		"kube-proxy":              {"system:kube-proxy"},
		"coredns":                 {"system:coredns"},
	}
	for _, n := range p.Nodes {
		users["kubelet-"+n.Name] = []string{"system:node:" + n.Name, "system:nodes"}
	}
	return users
}

// writePKI makes all keys, certificates and kubeconfigs of a cluster, and
// returns the administrator's certificate with the authority it is of.
func writePKI(p plan) (*authority, pair, error) {
	if err := os.MkdirAll(p.pki(""), 0o700); err != nil {
		return nil, pair{}, err
	}
	a, err := newAuthority()
	if err != nil {
		return nil, pair{}, err
	}
	if err := os.WriteFile(p.pki("ca.crt"), a.pem, 0o600); err != nil {
		return nil, pair{}, err
	}
	if err := a.writeServers(p); err != nil {
		return nil, pair{}, err
	}
	admin, err := a.writeUsers(p)
	return a, admin, err
}

func (a *authority) writeServers(p plan) error {
	api, err := a.server("kube-apiserver", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local", "localhost", "127.0.0.1", apiService, apiIP)
	if err != nil {
		return err
	}
	toKubelets, err := a.client("kube-apiserver-kubelet-client", "system:masters")
	if err != nil {
		return err
	}
	tokens, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	tokensPEM, err := privateKey(tokens)
	if err != nil {
		return err
	}
	files := map[string]pair{
		"kube-apiserver":   api,
		"kubelet-client":   toKubelets,
		"service-accounts": {key: tokensPEM},
	}
	for _, n := range p.Nodes {
		if files["kubelet-"+n.Name], err = a.server(n.Name, n.Name, n.IP); err != nil {
			return err
		}
	}
	for name, f := range files {
		if err := writePair(p.pki(name), f); err != nil {
			return err
		}
	}
	return nil
}

func writePair(base string, p pair) error {
	if err := os.WriteFile(base+".key", p.key, 0o600); err != nil || p.cert == nil {
		return err
	}
	return os.WriteFile(base+".crt", p.cert, 0o600)
}

// writeUsers writes the kubeconfig of each user, and the client's a second time where
// people look for it.
func (a *authority) writeUsers(p plan) (admin pair, err error) {
	for file, subject := range apiUsers(p) {
		user, err := a.client(subject[0], subject[1:]...)
		if err != nil {
			return pair{}, err
		}
		config, err := a.kubeconfig(user)
		if err != nil {
			return pair{}, err
		}
		path := p.pki(file + ".kubeconfig")
		if file == "admin" {
			admin, path = user, kubeconfigPath(p.Dir)
		}
		if err := os.WriteFile(path, config, 0o600); err != nil {
			return pair{}, fmt.Errorf("write %s: %w", filepath.Base(path), err)
		}
	}
	return admin, nil
}
