package diagnose

import (
	"fmt"
	"path"
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// gracefulSignals are the graceful stop signals of servers that stop at once on
// SIGTERM.
var gracefulSignals = map[string]string{
	"nginx": "SIGQUIT", "php-fpm": "SIGQUIT", // nginx.org/en/docs/control.html, php-fpm(8)
	"httpd": "SIGWINCH", "apache2": "SIGWINCH", // httpd.apache.org/docs/2.4/stopping.html
	"haproxy": "SIGUSR1", // its management guide, section 4
	"unicorn": "SIGQUIT", // yhbt.net/unicorn/SIGNALS.html
}

// reloadsOnTERM are servers to which SIGTERM means to reload, and how they stop
// instead.
var reloadsOnTERM = map[string]string{
	// uwsgi-docs.readthedocs.io/en/latest/Management.html
	"uwsgi": "let uWSGI stop on SIGTERM (`die-on-term = true`, --die-on-term), or send SIGQUIT (`STOPSIGNAL SIGQUIT` in the image, `lifecycle.stopSignal` in the manifest). Either stops it at once",
}

// serverName is the name of the program that the pods run.
func serverName(spec *timeline.Spec) string {
	if len(spec.Command) == 0 {
		return ""
	}
	return path.Base(spec.Command[0])
}

// sendsTERM reports whether the pods get SIGTERM.
func sendsTERM(spec *timeline.Spec) bool {
	return spec.StopSignal == "" || spec.StopSignal == "SIGTERM"
}

// stopsFast reports whether the stop signal that the pods get means to their
// server to stop at once, without finishing what is in flight.
func stopsFast(spec *timeline.Spec) bool {
	return sendsTERM(spec) && gracefulSignals[serverName(spec)] != ""
}

// howToStop is how a server stops to which the stop signal that the pods get means
// to reload; empty for any other.
func howToStop(spec *timeline.Spec) string {
	if !sendsTERM(spec) {
		return ""
	}
	return reloadsOnTERM[serverName(spec)]
}

// gracefulSignalNote names the graceful stop signal of a known server that does
// not get it, and that exited as soon as it was signalled or ignored the signal.
func (m *match) gracefulSignalNote() string {
	if !stopsFast(&m.run.Spec) || !slices.ContainsFunc(m.pods, func(p *podFacts) bool { return p.exitedOnSignal() || p.Killed != never }) {
		return ""
	}
	name := serverName(&m.run.Spec)
	return fmt.Sprintf(" %s finishes requests in flight on %s, not on SIGTERM: besides the preStop sleep, set `STOPSIGNAL %[2]s` in the image (here: `lifecycle.stopSignal: %[2]s` in the manifest).", name, gracefulSignals[name])
}
