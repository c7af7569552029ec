package lint

import (
	"cmp"
	"path"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/model"
)

// To some servers SIGTERM does not mean to finish and stop.
var ruleSignalMeansSomethingElse = rule{
	id:    "signal-means-something-else",
	title: "The stop signal means something else to the server",
	why: "The kubelet sends SIGTERM, or the STOPSIGNAL of the image. Not every server finishes its requests on SIGTERM: nginx, Apache httpd, HAProxy, PHP-FPM, lighttpd and Unicorn stop at once on it, " +
		"and have another signal for a graceful stop, which their official images set; gunicorn and Caddy finish on SIGTERM, and stop at once on SIGQUIT; uWSGI reloads its workers and goes on until SIGKILL; systemd executes itself again. A command in the manifest leaves the STOPSIGNAL of the image as it is; " +
		"lifecycle.stopSignal overrides it where the cluster has the feature gate ContainerStopSignals.",
	sources: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-stop-signals",
		"https://www.kubernetes.dev/resources/keps/4960/",
		"https://nginx.org/en/docs/control.html",
		"https://uwsgi-docs.readthedocs.io/en/latest/Management.html",
		"https://docs.gunicorn.org/en/stable/signals.html",
	},
	severity: Error,
	check:    eachWorkload(signalMeansSomethingElse),
}

func signalMeansSomethingElse(w *model.Workload, r *report) {
	for _, c := range w.Containers {
		if declaredSignal(c, r) || c.Process1().Lost != nil || !c.Serves() {
			continue // a signal that the server does not get has a rule of its own
		}
		signal, from := c.StopSignal()
		if name := systemd(c); name != "" && (signal == "" || signal == "SIGTERM") {
			r.add(w.Object, c.Process1().At, "%s is process 1, and on SIGTERM it executes itself again and goes on: the pod is killed at the end of its grace period of %d s", name, w.Grace()).as(Warning).
				because("systemd(1): it shuts down on SIGRTMIN+3").
				cure("write STOPSIGNAL SIGRTMIN+3 in the Dockerfile, or start the server itself as the command")
			continue
		}
		if server := c.Server(); server != nil {
			stopsWrongly(c, server, signal, from, r)
		}
	}
}

// declaredSignal reports a lifecycle.stopSignal that Kubernetes refuses, whatever the server.
func declaredSignal(c *model.Container, r *report) (found bool) {
	v := c.Get("lifecycle", "stopSignal")
	if !v.Present() || c.Workload.Pod.Get("os", "name").Present() {
		return false
	}
	r.add(c.Workload.Object, v, "Kubernetes refuses lifecycle.stopSignal %s in a pod without spec.os.name", v.Text()).
		because("which signals exist depends on the operating system, so the API server requires the field").
		cure("set os.name to linux in the spec of the pod").
		by(c.Workload.Pod, []string{"os", "name"}, "linux")
	return true
}

func systemd(c *model.Container) string {
	words := c.Process1().Server
	if len(words) == 0 || c.Process1().Init != "" {
		return ""
	}
	name := path.Base(words[0])
	if name == "systemd" || name == "init" && strings.HasSuffix(words[0], "/sbin/init") && c.Image().Shell != "ash" {
		return words[0]
	}
	return ""
}

// stopsWrongly reports a signal on which the server does not finish and stop.
func stopsWrongly(c *model.Container, server *finding.Server, signal, from string, r *report) {
	at := c.Get("lifecycle", "stopSignal")
	if !at.Present() {
		at = c.Process1().At
	}
	if !at.Present() {
		at = c.Get("image")
	}
	unknown := signal == ""
	if unknown {
		signal, from = "SIGTERM", "SIGTERM is the default; a STOPSIGNAL of the image "+c.Image().Text+" is not known"
	}
	var f *Finding
	switch {
	case server.ReloadsOnTERM && signal == "SIGTERM":
		if stopsOnTERM(c) {
			return
		}
		f = r.add(c.Workload.Object, at, "to %s SIGTERM means to reload its workers: it goes on until SIGKILL at the end of the grace period of %d s, which cuts what is in flight", server.Name, c.Workload.Grace()).
			cure("add hook-master-start = unix_signal:15 gracefully_kill_them_all with master = true to its settings, which finishes the requests in flight, or die-on-term = true, which stops it at once")
	case !server.StopsAtOnce(signal) || unknown && server.InImage:
		return // an image that is built on the official one inherits its signal
	default:
		graceful := cmp.Or(server.GracefulSignal, "SIGTERM")
		f = r.add(c.Workload.Object, at, "%s stops at once on %s and cuts the requests in flight: it finishes them on %s", server.Name, signal, graceful).
			cure("write STOPSIGNAL %s in the Dockerfile of the image", graceful)
		if declared := c.Get("lifecycle", "stopSignal"); declared.Present() {
			f.cure("set lifecycle.stopSignal to %s", graceful).by(declared, nil, graceful)
		}
	}
	f.because("%s", from)
	if unknown {
		f.as(Warning)
	}
}

// stopsOnTERM reports whether uWSGI is set to stop on SIGTERM, or may be, because it reads
// settings that are not in the set.
func stopsOnTERM(c *model.Container) bool {
	stops := func(text string) bool {
		return strings.Contains(text, "die-on-term") || strings.Contains(text, "unix_signal:15")
	}
	for name := range c.Environment() {
		if name == "UWSGI_DIE_ON_TERM" || name == "UWSGI_HOOK_MASTER_START" {
			return true
		}
	}
	seen := false
	for _, f := range c.Files() {
		seen = seen || strings.Contains(f.Text, "[uwsgi]")
		if stops(f.Text) {
			return true
		}
	}
	for _, word := range c.Process1().Server[1:] {
		if stops(word) || !seen && (strings.Contains(word, ".ini") || strings.Contains(word, ".y") || strings.Contains(word, ".xml") || strings.Contains(word, ".json") || strings.Contains(word, "--emperor")) {
			return true
		}
	}
	return len(c.Process1().Server) < 2 && !seen
}
