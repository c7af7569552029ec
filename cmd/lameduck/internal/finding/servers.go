package finding

import (
	"path"
	"slices"
	"strings"
	"unicode"
)

// Server is a server, or what runs one, of which is known how it terminates.
type Server struct {
	Programs []string // its executable, or the script that an interpreter runs, without version and ending
	Name     string   // as its users write it
	Product  bool     // its users configure it: they do not write its program
	// GracefulSignal is the signal on which it finishes the requests in flight, where
	// it stops at once on SIGTERM. InImage: its official image has that as STOPSIGNAL.
	GracefulSignal string
	InImage        bool
	ReloadsOnTERM  bool
	Abrupt         []string // on which it stops at once, where SIGTERM is the graceful signal
	Source         string
}

// ServerOf is the known server of that program, nil if it is none. program may have a
// folder, a version and an ending.
func ServerOf(program string) *Server {
	for _, name := range []string{path.Base(program), Bare(program)} {
		if i := slices.IndexFunc(Servers, func(s Server) bool { return slices.Contains(s.Programs, name) }); i >= 0 {
			return &Servers[i]
		}
	}
	return nil
}

// ServerNamed is the known server of that name, nil if there is none.
func ServerNamed(name string) *Server {
	if i := slices.IndexFunc(Servers, func(s Server) bool { return s.Name == name }); i >= 0 {
		return &Servers[i]
	}
	return nil
}

// StopsAtOnce reports whether the server is known to cut the requests in flight when it
// gets the signal.
func (s *Server) StopsAtOnce(signal string) bool {
	if s.GracefulSignal != "" {
		return signal != s.GracefulSignal
	}
	return slices.Contains(s.Abrupt, signal)
}

// Bare is the name of a program without its folder, version and ending:
// php-fpm8.2 and php-fpm are one.
func Bare(program string) string {
	name := path.Base(program)
	for _, ending := range []string{".py", ".rb", ".js"} {
		name = strings.TrimSuffix(name, ending)
	}
	return strings.TrimRightFunc(name, func(r rune) bool { return r == '.' || unicode.IsDigit(r) })
}

// Servers in the order of docs/FINDINGS.md.
var Servers = []Server{
	{
		Programs: []string{"nginx", "nginx-debug", "openresty"}, Name: "nginx",
		Product: true, GracefulSignal: "SIGQUIT", InImage: true,
		Source: "https://nginx.org/en/docs/control.html",
	},
	{
		Programs: []string{"httpd", "apache2"}, Name: "Apache httpd",
		Product: true, GracefulSignal: "SIGWINCH", InImage: true,
		Source: "https://httpd.apache.org/docs/2.4/stopping.html",
	},
	{
		Programs: []string{"haproxy"}, Name: "HAProxy",
		Product: true, GracefulSignal: "SIGUSR1", InImage: true,
		Source: "https://docs.haproxy.org/2.8/management.html#4",
	},
	{
		Programs: []string{"caddy"}, Name: "Caddy",
		Product: true, Abrupt: []string{"SIGQUIT"}, // https://caddyserver.com/docs/command-line#signals
		Source: "https://caddyserver.com/docs/caddyfile/options",
	},
	{
		Programs: []string{"traefik"}, Name: "Traefik",
		Product: true,
		Source:  "https://doc.traefik.io/traefik/routing/entrypoints/",
	},
	{
		Programs: []string{"envoy"}, Name: "Envoy",
		Product: true,
		Source:  "https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/operations/draining",
	},
	{
		Programs: []string{"lighttpd"}, Name: "lighttpd",
		Product: true, GracefulSignal: "SIGINT",
		Source: "https://redmine.lighttpd.net/projects/lighttpd/wiki",
	},
	{
		Programs: []string{"php-fpm"}, Name: "PHP-FPM",
		Product: true, GracefulSignal: "SIGQUIT", InImage: true,
		Source: "https://www.php.net/manual/en/install.fpm.configuration.php",
	},
	{
		Programs: []string{"uwsgi"}, Name: "uWSGI",
		Product: true, ReloadsOnTERM: true,
		Source: "https://uwsgi-docs.readthedocs.io/en/latest/Management.html",
	},
	{
		Programs: []string{"gunicorn"}, Name: "gunicorn",
		Product: true, Abrupt: []string{"SIGINT", "SIGQUIT"}, // https://docs.gunicorn.org/en/stable/signals.html
		Source: "https://docs.gunicorn.org/en/stable/settings.html",
	},
	{
		Programs: []string{"uvicorn"}, Name: "uvicorn",
		Product: true,
		Source:  "https://www.uvicorn.org/settings/",
	},
	{
		Programs: []string{"hypercorn"}, Name: "Hypercorn",
		Product: true,
		Source:  "https://hypercorn.readthedocs.io/en/latest/how_to_guides/configuring.html",
	},
	{
		Programs: []string{"granian"}, Name: "Granian",
		Product: true,
		Source:  "https://github.com/emmett-framework/granian#options",
	},
	{
		Programs: []string{"flask", "werkzeug"}, Name: "Flask",
		Product: true,
		Source:  "https://flask.palletsprojects.com/en/stable/deploying/",
	},
	{
		Programs: []string{"manage", "django-admin"}, Name: "Django",
		Product: true,
		Source:  "https://docs.djangoproject.com/en/stable/ref/django-admin/#runserver",
	},
	{
		Programs: []string{"puma"}, Name: "Puma",
		Product: true,
		Source:  "https://github.com/puma/puma/blob/master/docs/signals.md",
	},
	{
		Programs: []string{"unicorn", "unicorn_rails"}, Name: "Unicorn",
		Product: true, GracefulSignal: "SIGQUIT",
		Source: "https://yhbt.net/unicorn/SIGNALS.html",
	},
	{
		Programs: []string{"starman"}, Name: "Starman",
		Product: true, GracefulSignal: "SIGQUIT",
		Source: "https://metacpan.org/dist/Starman/view/script/starman",
	},
	{
		Programs: []string{"hypnotoad"}, Name: "Hypnotoad",
		Product: true, GracefulSignal: "SIGQUIT",
		Source: "https://docs.mojolicious.org/Mojo/Server/Hypnotoad",
	},
	{
		Programs: []string{"nghttpx"}, Name: "nghttpx",
		Product: true, GracefulSignal: "SIGQUIT",
		Source: "https://nghttp2.org/documentation/nghttpx.1.html",
	},
	{
		Programs: []string{"java"}, Name: "Java",
		Source: "https://docs.spring.io/spring-boot/reference/web/graceful-shutdown.html",
	},
	{
		Programs: []string{"dotnet"}, Name: ".NET",
		Source: "https://learn.microsoft.com/en-us/aspnet/core/fundamentals/host/generic-host",
	},
	{
		Programs: []string{"node"}, Name: "Node.js",
		Source: "https://nodejs.org/api/http.html#serverclosecallback",
	},
}
