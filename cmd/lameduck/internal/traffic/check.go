package traffic

import (
	"fmt"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// Check returns an error with a hint for a wrong setting: a pattern that is not
// known, or a rate, method, path, host or header that cannot be sent as it is.
func (s Spec) Check() error {
	s = s.WithDefaults()
	for _, name := range s.Patterns {
		if find(name) == nil {
			return unknown(name)
		}
	}
	switch {
	case s.Rate < 1 || s.Rate > 100_000:
		return hint.New(fmt.Errorf("a rate of %d per second", s.Rate), "choose 1 to 100000 attempts per second and pattern")
	case strings.IndexFunc(s.Method, notToken) >= 0:
		return hint.New(fmt.Errorf("%q is not an HTTP method", s.Method), "use a method such as GET, HEAD or POST")
	case !strings.HasPrefix(s.Path, "/"):
		return hint.New(fmt.Errorf("the path %q does not begin with a slash", s.Path), "write it as /"+s.Path)
	case strings.IndexFunc(s.Path, notPrintable) >= 0:
		return hint.New(fmt.Errorf("the path %q has a character that must be encoded", s.Path), "write a space as %20, other characters likewise")
	case strings.IndexFunc(s.PodHeader, notToken) >= 0:
		return hint.New(fmt.Errorf("%q is not the name of a header", s.PodHeader), "name a response header, such as X-Pod")
	case s.TLS != timeline.TLSAuto && s.TLS != timeline.TLSOn && s.TLS != timeline.TLSOff:
		return hint.New(fmt.Errorf("unknown setting %q of TLS", s.TLS), "use auto, on or off")
	case !isHost(s.Host):
		return hint.New(fmt.Errorf("%q is not a host name", s.Host), "use a name, with :port if needed")
	case s.Body < 0 || s.Body > MostBody:
		return hint.New(fmt.Errorf("%d bytes of content in a request", s.Body), fmt.Sprintf("choose 0 to %d", MostBody))
	}
	return checkHeaders(s.Headers)
}
