package model

import (
	"fmt"
	"slices"
	"strings"
)

// Image is what the name of the container's image shows, and its Dockerfile if one is given.
func (c *Container) Image() Image {
	if c.img == nil {
		img := parseImage(c.Get("image").Text())
		if d := c.dockerfile(); d != nil && img.Shell == "" {
			img.Shell = parseImage(d.Base).Shell
		}
		c.img = &img
	}
	return *c.img
}

func parseImage(text string) Image {
	img := Image{Text: text, registry: "docker.io"}
	name, _, _ := strings.Cut(text, "@")
	if slash := strings.LastIndexByte(name, '/'); strings.LastIndexByte(name, ':') > slash {
		colon := strings.LastIndexByte(name, ':')
		name, img.tag = name[:colon], name[colon+1:]
	}
	if first, rest, found := strings.Cut(name, "/"); found && (strings.ContainsAny(first, ".:") || first == "localhost") {
		img.registry, name = first, rest
	}
	if strings.HasSuffix(img.registry, "docker.io") {
		name = strings.TrimPrefix(name, "library/")
	}
	img.repository = name
	img.Shell = img.usesShell()
	return img
}

// official reports whether the image is one of these official images of Docker, which mirrors
// have under library/ or docker/library/.
func (img Image) official(names ...string) bool {
	name := img.repository
	for _, prefix := range []string{"docker/library/", "library/"} { // public.ecr.aws, mirrors
		name = strings.TrimPrefix(name, prefix)
	}
	return slices.Contains(names, name) && (img.registry == "docker.io" || name != img.repository)
}

// distributions are the parts of tags and names that show which shell the sh of an image is.
var distributions = []struct {
	shell string
	parts []string
}{
	{"ash", []string{"alpine", "busybox"}},
	{"dash", []string{"debian", "ubuntu", "bookworm", "bullseye", "buster", "trixie", "slim", "jammy", "noble", "focal", "bionic"}},
	{"bash", []string{"ubi", "rhel", "centos", "rocky", "almalinux", "amazonlinux", "fedora", "oraclelinux", "opensuse"}},
}

// onDebian are official images that have Debian or Ubuntu where the tag names no distribution.
var onDebian = []string{"node", "python", "ruby", "php", "golang", "nginx", "httpd", "perl", "rust", "eclipse-temurin", "tomcat", "jetty", "gradle", "maven", "pypy", "debian", "ubuntu", "buildpack-deps"}

func (img Image) usesShell() string {
	if strings.Contains(img.repository, "distroless") || strings.Contains(img.tag, "distroless") {
		return ""
	}
	for _, d := range distributions {
		for _, part := range d.parts {
			if hasPart(img.tag, part) || hasPart(img.repository[strings.LastIndexByte(img.repository, '/')+1:], part) {
				return d.shell
			}
		}
	}
	if img.official(onDebian...) {
		return "dash"
	}
	return ""
}

// hasPart reports whether a part of text between hyphens is word, or word and a version.
func hasPart(text, word string) bool {
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '-' || r == '_' || r == '.' }) {
		if rest, found := strings.CutPrefix(part, word); found && strings.Trim(rest, "0123456789") == "" {
			return true
		}
	}
	return false
}

// stopSignals are the STOPSIGNAL of official images that have one, by a part of the tag.
var stopSignals = []struct{ name, tag, signal string }{
	{"nginx", "", "SIGQUIT"}, {"httpd", "", "SIGWINCH"}, {"haproxy", "", "SIGUSR1"}, {"php", "fpm", "SIGQUIT"}, {"php", "apache", "SIGWINCH"}, {"postgres", "", "SIGINT"}, {"kong", "", "SIGQUIT"},
}

// vendors are images that have a STOPSIGNAL and are not official ones of Docker.
var vendors = map[string]string{
	"nginxinc/nginx-unprivileged": "SIGQUIT", "openresty/openresty": "SIGQUIT", "kong/kong": "SIGQUIT", "kong/kong-gateway": "SIGQUIT", "apache/apisix": "SIGQUIT",
}

// stopSignal is the STOPSIGNAL of the image; "" where that is not known.
func (img Image) stopSignal() string {
	for _, s := range stopSignals {
		if img.official(s.name) && (s.tag == "" || hasPart(img.tag, s.tag)) {
			return s.signal
		}
	}
	if img.official("debian", "ubuntu", "alpine", "busybox", "amazonlinux", "fedora", "node", "python", "ruby", "golang", "scratch", "eclipse-temurin") {
		return "SIGTERM"
	}
	return vendors[img.repository]
}

// of reports whether the container's image is built from d.
func (d *Dockerfile) of(c *Container) bool {
	img := parseImage(c.Get("image").Text())
	if d.Image != "" {
		return parseImage(d.Image).repository == img.repository
	}
	return img.stopSignal() == ""
}

// dockerfile is the one that the container's image is built from, nil if none is given.
func (c *Container) dockerfile() *Dockerfile {
	for i := range c.Workload.Dockerfiles {
		if d := &c.Workload.Dockerfiles[i]; d.of(c) {
			return d
		}
	}
	return nil
}

// stop is the stop signal of the image, and where it is from; "" if it is not known.
func (d *Dockerfile) stop() (signal, from string) {
	if d.StopSignal != "" {
		return d.StopSignal, d.Name + ": STOPSIGNAL " + d.StopSignal
	}
	if signal := parseImage(d.Base).stopSignal(); signal != "" {
		return signal, fmt.Sprintf("%s has no STOPSIGNAL: with the base %s it is %s", d.Name, d.Base, signal)
	}
	return "", ""
}

// withoutShell are images that have one program and no shell, by their repository.
var withoutShell = []string{
	"pause", "coredns/coredns", "kube-state-metrics/kube-state-metrics", "metrics-server/metrics-server", "external-dns/external-dns",
	"traefik/whoami", "containous/whoami", "hashicorp/http-echo", "otel/opentelemetry-collector", "otel/opentelemetry-collector-contrib", "otel/opentelemetry-collector-k8s",
	"oauth2-proxy/oauth2-proxy", "cloud-sql-connectors/cloud-sql-proxy", "linkerd/proxy", "chainguard/static", "chainguard/glibc-dynamic",
	"jetstack/cert-manager-controller", "jetstack/cert-manager-webhook", "jetstack/cert-manager-cainjector",
}

// NoShell reports whether the image is known to have no shell and no tools.
func (img Image) NoShell() bool {
	name := img.repository
	switch {
	case img.Shell != "" || hasPart(img.tag, "debug"):
		return false // a variant on a distribution, or with busybox
	case strings.HasPrefix(name, "distroless/"), strings.Contains(name, "distroless"), strings.Contains(img.tag, "distroless"):
		return true
	case hasPart(img.tag, "scratch"), hasPart(img.tag, "static"):
		return true
	case img.official("nats", "hello-world", "scratch"):
		return true
	}
	return slices.Contains(withoutShell, name)
}
