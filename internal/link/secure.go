package link

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
)

// A TLS is how the listeners of an http.Server use TLS, and how net/http serves what was
// decrypted.
type TLS struct {
	Config       *tls.Config     // of the listeners
	decrypted    *http.Protocols // the protocols on what was decrypted: those of srv over TLS, but HTTP/2 as HTTP/2 in clear text
	http2OverTLS bool            // hasHTTP2OverTLS, once Apply has asked that
}

// TLSOf returns the TLS of srv's listeners, nil if they use clear text. It does not change
// srv, because the program may try again, for example if its port is taken.
func TLSOf(srv *http.Server) (*TLS, error) {
	protocols := protocolsOf(srv)
	if srv.TLSConfig == nil {
		if !protocols.HTTP1() && !protocols.UnencryptedHTTP2() {
			return nil, errors.New("http.Server.Protocols names none that is served in clear text, and TLSConfig is not set\n" +
				"hint: Protocols.SetHTTP1(true) or SetUnencryptedHTTP2(true), or a TLSConfig with a certificate")
		}
		return nil, nil
	}
	if ClearTextByHTTP2(srv) {
		return nil, nil
	}
	config := srv.TLSConfig.Clone()
	if len(config.Certificates) == 0 && config.GetCertificate == nil && config.GetConfigForClient == nil {
		return nil, errors.New("http.Server.TLSConfig has no certificate\n" +
			"hint: set Certificates, from tls.LoadX509KeyPair, or GetCertificate; for clear text set TLSConfig to nil, after http2.ConfigureServer too")
	}
	protocols, err := overTLS(srv, protocols)
	if err != nil {
		return nil, err
	}
	config.NextProtos = nextProtos(config.NextProtos, protocols)
	decrypted := new(http.Protocols)
	decrypted.SetHTTP1(protocols.HTTP1())
	decrypted.SetHTTP2(protocols.HTTP2()) // has no effect on srv, but on a server that the program makes from srv's fields
	decrypted.SetUnencryptedHTTP2(protocols.HTTP2())
	return &TLS{Config: config, decrypted: decrypted}, nil
}

// Apply sets the fields of srv so that net/http serves what was decrypted. It is called
// before srv.Serve.
func (t *TLS) Apply(srv *http.Server) {
	t.http2OverTLS = t.decrypted.HTTP2() && hasHTTP2OverTLS(srv)
	srv.Protocols = t.decrypted
	srv.TLSConfig = srv.TLSConfig.Clone() // net/http writes into it, and another server may have the same
}

// overTLS is which protocols of p are served over TLS. HTTP/2 must not be offered in the
// handshake if net/http does not serve it on what was decrypted.
func overTLS(srv *http.Server, p http.Protocols) (http.Protocols, error) {
	if !p.HTTP1() && !p.HTTP2() {
		return p, errors.New("http.Server.Protocols names neither HTTP/1 nor HTTP/2, and TLSConfig is set\n" +
			"hint: Protocols.SetHTTP1(true) or SetHTTP2(true)")
	}
	for name, serve := range srv.TLSNextProto {
		switch name {
		case "h2", clearHTTP2Key, "http/1.1", "http/1.0", "": // net/http never calls the functions of the last three
		default:
			if serve != nil {
				return p, fmt.Errorf("http.Server.TLSNextProto has %q, which net/http can serve only where it terminates TLS\n"+
					"hint: serve that on a listener of its own: Process.AddConn with tls.NewListener", name)
			}
		}
	}
	if !p.HTTP2() || hasHTTP2(srv) {
		return p, nil
	}
	if _, own := srv.TLSNextProto["h2"]; own {
		return p, errors.New("the HTTP/2 in http.Server.TLSNextProto works only where net/http terminates TLS\n" +
			"hint: update golang.org/x/net, or remove http2.ConfigureServer: net/http has HTTP/2 of its own")
	}
	if !p.HTTP1() {
		return p, errors.New("http.Server.Protocols names HTTP/2 only, and net/http has HTTP/2 switched off\n" +
			"hint: remove http2server=0 from GODEBUG, or Protocols.SetHTTP1(true)")
	}
	p.SetHTTP2(false)
	return p, nil
}

// ClearTextByHTTP2 reports whether srv is to serve clear text although TLSConfig is set,
// because golang.org/x/net/http2.ConfigureServer has set it, as it does on every server.
// It does so only if TLSConfig holds nothing of the program's own, and if the program asks
// for HTTP/2 in clear text. Otherwise it is more likely that the program wants TLS and has
// forgotten the certificate.
func ClearTextByHTTP2(srv *http.Server) bool {
	if srv.TLSConfig == nil || srv.TLSNextProto["h2"] == nil || !asConfigureServerMakes(srv.TLSConfig) {
		return false
	}
	p := protocolsOf(srv)
	return IsH2C(srv.Handler) || p.UnencryptedHTTP2() && !p.HTTP2()
}

// asConfigureServerMakes reports whether config differs from an empty tls.Config only in
// what http2.ConfigureServer sets. It compares all fields, also those that a later version
// of Go may add.
func asConfigureServerMakes(config *tls.Config) bool {
	for _, name := range config.NextProtos {
		if name != "h2" && name != "http/1.1" {
			return false
		}
	}
	rest := config.Clone() // its mutex is not locked
	//lint:ignore SA1019 http2.ConfigureServer sets it
	rest.NextProtos, rest.PreferServerCipherSuites = nil, false
	return reflect.ValueOf(rest).Elem().IsZero()
}

// protocolsOf is which protocols net/http serves for the Protocols and TLSNextProto of
// srv.
func protocolsOf(srv *http.Server) http.Protocols {
	if srv.Protocols != nil {
		return *srv.Protocols
	}
	var p http.Protocols
	p.SetHTTP1(true)
	_, has := srv.TLSNextProto["h2"]
	p.SetHTTP2(srv.TLSNextProto == nil || has)
	return p
}

// nextProtos is the list of protocols that is offered in the handshake: the program's own
// list, without HTTP/2 or HTTP/1 if that is not served, and with it if it is.
func nextProtos(own []string, p http.Protocols) []string {
	served := map[string]bool{"h2": p.HTTP2(), "http/1.1": p.HTTP1()}
	list := slices.DeleteFunc(slices.Clone(own), func(name string) bool {
		is, known := served[name]
		return known && !is
	})
	for _, name := range []string{"h2", "http/1.1"} {
		if served[name] && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}
