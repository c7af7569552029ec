package manifest

import (
	"slices"
	"strconv"
	"strings"
)

// numberOf is the number of the port that ref names among ports, 0 if there is
// none of that name.
func numberOf(ref PortRef, ports []Port) int {
	if ref.Name == "" {
		return ref.Number
	}
	for _, port := range ports {
		if port.Name == ref.Name {
			return port.Number
		}
	}
	return 0
}

// PortNumber is the number of the container port that ref names, 0 if there
// is none of that name.
func (p *Pod) PortNumber(ref PortRef) int { return numberOf(ref, p.Ports) }

// Declares reports whether the container declares a TCP port of that number.
func (p *Pod) Declares(number int) bool {
	return slices.ContainsFunc(p.Ports, func(port Port) bool { return port.Number == number })
}

// probedPort is the port of the readiness probe; 0: it asks none.
func (p *Pod) probedPort() int {
	switch r := p.Readiness; {
	case r == nil:
		return 0
	case r.HTTP != nil:
		return p.PortNumber(r.HTTP.Port)
	case r.TCP != nil:
		return p.PortNumber(r.TCP.Port)
	case r.GRPC != nil:
		return r.GRPC.Port.Number
	}
	return 0
}

// portList is ports in words: http 8080 and 9090.
func portList(ports []Port) string {
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = strings.TrimSpace(p.Name + " " + strconv.Itoa(p.Number))
	}
	return strings.Join(words, " and ")
}
