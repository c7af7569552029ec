package timeline

import "slices"

// Load is the traffic that is asked for.
type Load struct {
	Patterns []string `json:"patterns,omitempty"` // their names; none: those by default
	Rate     int      `json:"rate,omitempty"`     // attempts per second and pattern, some make a tenth of it; zero: 200
	Request
}

// Request is what a client asks for, in the terms of HTTP, whatever its
// version.
type Request struct {
	Method  string   `json:"method,omitempty"`  // empty: GET
	Path    string   `json:"path,omitempty"`    // with the query, if any; empty: /
	Host    string   `json:"host,omitempty"`    // the Host header; empty: the stage's own name for the server
	Headers []Header `json:"headers,omitempty"` // more of them, in this order
	Body    int      `json:"body,omitempty"`    // bytes of content in each request
	TLS     TLS      `json:"tls,omitempty"`
}

// TLS is whether clients use TLS. They do not verify the certificate: it is seldom
// one for the name that a trial uses.
type TLS string

// The settings of TLS.
const (
	TLSAuto TLS = ""    // if the server answers a ClientHello
	TLSOn   TLS = "on"  // a server without TLS has failed
	TLSOff  TLS = "off" // in clear text
)

// Header is one field of a request.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"` // not in a run: see Recorded
}

// Recorded is the load as a run has it, and so its file and its report: of the
// headers only the names, because a value may be a secret.
func (l Load) Recorded() Load {
	l.Headers = slices.Clone(l.Headers)
	for i := range l.Headers {
		l.Headers[i].Value = ""
	}
	return l
}

// HeaderNames are those of Headers.
func (r *Request) HeaderNames() []string {
	var names []string
	for _, h := range r.Headers {
		names = append(names, h.Name)
	}
	return names
}
