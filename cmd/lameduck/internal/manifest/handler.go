package manifest

import (
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// What a hook and a probe may do (core/v1 LifecycleHandler and ProbeHandler).
var (
	hookHandlers  = []string{"exec", "httpGet", "sleep", "tcpSocket"}
	probeHandlers = []string{"exec", "httpGet", "tcpSocket", "grpc"}
)

// lifecycle reads the preStop hook and the stop signal.
func (p *Pod) lifecycle(v value) {
	if start := v.get("postStart"); start.present() {
		start.note("the postStart hook is not run")
	}
	p.StopSignal = v.get("stopSignal").text("")
	if p.StopSignal != "" && !strings.HasPrefix(p.StopSignal, "SIG") {
		v.get("stopSignal").fail("want a signal such as SIGTERM, not %s", document.Display(p.StopSignal))
	}
	hook := v.get("preStop")
	if !hook.present() {
		return
	}
	h := handler(hook, p, hookHandlers)
	p.PreStop = &h
	if h.TCP != nil {
		hook.note("Kubernetes has no tcpSocket hook: it fails, and the stop signal follows at once")
	}
	if h.Sleep != nil && *h.Sleep > p.Grace {
		hook.get("sleep").fail("%v is longer than the grace period of %v", *h.Sleep, p.Grace)
	}
}

// handler reads the one handler of a hook or a probe.
func handler(v value, p *Pod, known []string) Handler {
	var found []string
	for _, name := range known {
		if v.get(name).present() {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		v.fail("does nothing; it has to have one of %s", strings.Join(known, ", "))
	case 1:
		return action(v.get(found[0]), found[0], p)
	default:
		v.fail("does more than one thing: %s", strings.Join(found, ", "))
	}
	return Handler{}
}

// action reads the fields of one handler.
func action(v value, kind string, p *Pod) Handler {
	switch kind {
	case "exec":
		h := Handler{Exec: v.get("command").texts()}
		if len(h.Exec) == 0 {
			v.get("command").fail("missing")
		}
		return h
	case "httpGet":
		return Handler{HTTP: httpGet(v, p)}
	case "tcpSocket":
		return Handler{TCP: &TCPSocket{portOf(v, p)}}
	case "grpc":
		return Handler{GRPC: &GRPC{PortRef{Number: needPort(v).portNumber()}, v.get("service").text("")}}
	default: // sleep
		if !v.get("seconds").present() {
			v.get("seconds").fail("missing")
		}
		d := v.get("seconds").seconds(0, 0)
		return Handler{Sleep: &d}
	}
}

func httpGet(v value, p *Pod) *HTTPGet {
	h := &HTTPGet{
		Path:   v.get("path").text("/"),
		Port:   portOf(v, p),
		Host:   v.get("host").text(""),
		Scheme: v.get("scheme").text("HTTP"),
	}
	if h.Scheme != "HTTP" && h.Scheme != "HTTPS" {
		v.get("scheme").fail("want HTTP or HTTPS, not %s", document.Display(h.Scheme))
	}
	for _, header := range v.get("httpHeaders").items() {
		h.Headers = append(h.Headers, [2]string{header.get("name").required(), header.get("value").text("")})
	}
	return h
}

// portOf reads a handler's port. A name has to be that of a container port:
// Kubernetes accepts any, and then the handler never works.
func portOf(v value, p *Pod) PortRef {
	port := needPort(v)
	ref := port.port()
	if ref.Name != "" && p.PortNumber(ref) == 0 {
		port.failHint("name the container port, or give its number", "container %s has no port of the name %s", document.Display(p.Container), document.Display(ref.Name))
	}
	return ref
}

func needPort(v value) value {
	port := v.get("port")
	if !port.present() {
		port.fail("missing")
	}
	return port
}

// probe reads a probe; nil if there's none. Kubernetes takes 0 for "default".
// kills is true of a liveness and a startup probe.
func probe(v value, p *Pod, kills bool) *Probe {
	if !v.present() {
		return nil
	}
	pr := &Probe{
		Handler:          handler(v, p, probeHandlers),
		InitialDelay:     v.get("initialDelaySeconds").seconds(0, 0),
		Period:           v.get("periodSeconds").seconds(0, 0),
		Timeout:          v.get("timeoutSeconds").seconds(0, 0),
		SuccessThreshold: v.get("successThreshold").number(0, 0),
		FailureThreshold: v.get("failureThreshold").number(0, 0),
		Grace:            v.get("terminationGracePeriodSeconds").seconds(0, 1),
	}
	pr.Period = orDefault(pr.Period, 10*time.Second)
	pr.Timeout = orDefault(pr.Timeout, time.Second)
	pr.SuccessThreshold = orDefault(pr.SuccessThreshold, 1)
	pr.FailureThreshold = orDefault(pr.FailureThreshold, 3)
	if kills && pr.SuccessThreshold != 1 {
		v.get("successThreshold").fail("has to be 1 here, not %d", pr.SuccessThreshold)
	}
	if !kills && pr.Grace != 0 {
		v.get("terminationGracePeriodSeconds").fail("a readiness probe has none: it kills nothing")
	}
	return pr
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
