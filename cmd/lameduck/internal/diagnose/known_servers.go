package diagnose

// knownServer is a server, or what runs one, whose own settings decide how it
// terminates.
type knownServer struct {
	programs []string // its executable, or the script that an interpreter runs, without version and ending
	name     string   // as its users write it
	product  bool     // its users configure it: they do not write its program
	// gracefulSignal is the signal on which it finishes the requests in flight,
	// where it stops at once on SIGTERM. inImage: its official image has that as
	// STOPSIGNAL.
	gracefulSignal string
	inImage        bool
	reloads        bool // on SIGTERM
	// settings are its own cures by the ID of the finding, each one sentence or more.
	// DELAY is the recommended one.
	settings map[string]string
	source   string
}

// knownServers in the order of docs/FINDINGS.md.
var knownServers = []knownServer{
	{
		programs: []string{"nginx", "nginx-debug", "openresty"}, name: "nginx", product: true,
		gracefulSignal: "SIGQUIT", inImage: true,
		settings: map[string]string{
			cutsKeepAlive: "set `keepalive_min_timeout` (nginx 1.27.4 and later) above the time for which clients leave a connection idle: on SIGQUIT it otherwise closes idle connections at once.",
			graceShorter:  "set `worker_shutdown_timeout` below the grace period: without it the workers wait for the last connection.",
		},
		source: "https://nginx.org/en/docs/control.html",
	},
	{
		programs: []string{"httpd", "apache2"}, name: "Apache httpd", product: true,
		gracefulSignal: "SIGWINCH", inImage: true,
		settings: map[string]string{graceShorter: "set `GracefulShutdownTimeout` below the grace period: without it httpd waits for the last request."},
		source:   "https://httpd.apache.org/docs/2.4/stopping.html",
	},
	{
		programs: []string{"haproxy"}, name: "HAProxy", product: true,
		gracefulSignal: "SIGUSR1", inImage: true,
		settings: map[string]string{
			closesEarly:   "let it accept connections after SIGUSR1 for DELAY: that is `grace` in the section global (HAProxy 2.4 and later).",
			delayShorter:  "let it accept connections after SIGUSR1 for DELAY: that is `grace` in the section global (HAProxy 2.4 and later).",
			cutsKeepAlive: "set `option idle-close-on-response` (HAProxy 2.4 and later): without it idle connections are closed at once, and a request on its way is lost.",
			graceShorter:  "set `hard-stop-after` below the grace period: without it HAProxy waits for the last connection.",
		},
		source: "https://docs.haproxy.org/2.8/management.html#4",
	},
	{
		programs: []string{"caddy"}, name: "Caddy", product: true,
		settings: map[string]string{
			exitsAtOnce:  caddyDelay,
			closesEarly:  caddyDelay,
			delayShorter: caddyDelay,
			cutsInFlight: "raise the global option `grace_period` above the longest request.",
			graceShorter: "set the global option `grace_period`, which together with `shutdown_delay` must be below the grace period of the pod: without it Caddy waits for the last request.",
		},
		source: "https://caddyserver.com/docs/caddyfile/options",
	},
	{
		programs: []string{"traefik"}, name: "Traefik", product: true,
		settings: map[string]string{
			closesEarly:  traefikDelay,
			exitsAtOnce:  traefikDelay,
			delayShorter: traefikDelay,
			cutsInFlight: "raise `transport.lifeCycle.graceTimeOut` of the entry point (10 s by default) above the longest request.",
		},
		source: "https://doc.traefik.io/traefik/routing/entrypoints/",
	},
	{
		programs: []string{"envoy"}, name: "Envoy", product: true,
		settings: map[string]string{
			exitsAtOnce:   "let a preStop hook POST to `/drain_listeners?graceful` of its admin port, and then wait for `--drain-time-s`: on SIGTERM Envoy exits at once.",
			cutsKeepAlive: "let a preStop hook POST to `/drain_listeners?graceful` of its admin port: Envoy then sends `Connection: close`.",
		},
		source: "https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/operations/draining",
	},
	{
		programs: []string{"lighttpd"}, name: "lighttpd", product: true,
		gracefulSignal: "SIGINT",
		source:         "https://redmine.lighttpd.net/projects/lighttpd/wiki",
	},
	{
		programs: []string{"php-fpm"}, name: "PHP-FPM", product: true,
		gracefulSignal: "SIGQUIT", inImage: true,
		settings: map[string]string{cutsInFlight: "set `process_control_timeout` above the longest request: with its default of 0 children are killed at once, also on SIGQUIT."},
		source:   "https://www.php.net/manual/en/install.fpm.configuration.php",
	},
	{
		programs: []string{"uwsgi"}, name: "uWSGI", product: true, reloads: true,
		settings: map[string]string{
			meansReload:  "set `die-on-term = true` (--die-on-term), or send SIGQUIT (`STOPSIGNAL SIGQUIT` in the image): either stops it at once. `hook-master-start = unix_signal:15 gracefully_kill_them_all` with `master = true` finishes the requests in flight before it stops.",
			exitsAtOnce:  "`hook-master-start = unix_signal:15 gracefully_kill_them_all` with `master = true` finishes the requests in flight before it stops, in place of `die-on-term` or SIGQUIT.",
			closesIdle:   "set `http-keepalive`: without it the HTTP router ends the connection after each response, unannounced.",
			notKeepingUp: "raise `processes` or `threads`: each takes one request at a time.",
		},
		source: "https://uwsgi-docs.readthedocs.io/en/latest/Management.html",
	},
	{
		programs: []string{"gunicorn"}, name: "gunicorn", product: true,
		settings: map[string]string{
			cutsInFlight: "raise `--graceful-timeout` (30 s by default) above the longest request.",
			notKeepingUp: "raise `--workers`, or `--threads`: a worker of the class sync takes one request at a time.",
		},
		source: "https://docs.gunicorn.org/en/stable/settings.html",
	},
	{
		programs: []string{"uvicorn"}, name: "uvicorn", product: true,
		settings: map[string]string{
			graceShorter: "set `--timeout-graceful-shutdown` (uvicorn 0.22 and later) below the grace period: without it uvicorn waits for the last connection.",
			notKeepingUp: "raise `--workers`.",
		},
		source: "https://www.uvicorn.org/settings/",
	},
	{
		programs: []string{"hypercorn"}, name: "Hypercorn", product: true,
		settings: map[string]string{cutsInFlight: "raise `--graceful-timeout` (3 s by default) above the longest request."},
		source:   "https://hypercorn.readthedocs.io/en/latest/how_to_guides/configuring.html",
	},
	{
		programs: []string{"flask", "werkzeug"}, name: "Flask", product: true,
		settings: map[string]string{
			exitsAtOnce:   flaskServer,
			ignoresSignal: flaskServer,
		},
		source: "https://flask.palletsprojects.com/en/stable/deploying/",
	},
	{
		programs: []string{"puma"}, name: "Puma", product: true,
		settings: map[string]string{
			cutsInFlight: "raise `force_shutdown_after` above the longest request.",
			notKeepingUp: "raise `threads` or `workers`.",
		},
		source: "https://github.com/puma/puma/blob/master/docs/signals.md",
	},
	{
		programs: []string{"unicorn", "unicorn_rails"}, name: "Unicorn", product: true,
		gracefulSignal: "SIGQUIT",
		settings:       map[string]string{notKeepingUp: "raise `worker_processes`: each takes one request at a time."},
		source:         "https://yhbt.net/unicorn/SIGNALS.html",
	},
	{
		programs: []string{"java"}, name: "Java",
		settings: map[string]string{
			exitsAtOnce:  "Spring Boot finishes the requests in flight with `server.shutdown=graceful` (the default since 3.4).",
			cutsInFlight: "Spring Boot: raise `spring.lifecycle.timeout-per-shutdown-phase` (30 s by default) above the longest request.",
		},
		source: "https://docs.spring.io/spring-boot/reference/web/graceful-shutdown.html",
	},
	{
		programs: []string{"dotnet"}, name: ".NET",
		settings: map[string]string{cutsInFlight: "raise `HostOptions.ShutdownTimeout` (30 s by default, 5 s before .NET 6) above the longest request."},
		source:   "https://learn.microsoft.com/en-us/aspnet/core/fundamentals/host/generic-host",
	},
	{
		programs: []string{"node"}, name: "Node.js",
		settings: map[string]string{
			exitsAtOnce:   nodeHandler,
			ignoresSignal: nodeHandler + " Process 1 does not end without a handler.",
			closesEarly:   "keep the server open for DELAY after the signal, with `Connection: close` on every response, and call `server.close()` only then.",
			cutsKeepAlive: "from the signal on set the header `Connection: close` in every response, for long enough that each client sends one more request: `server.close()` closes idle connections unannounced (Node.js 19 and later).",
		},
		source: "https://nodejs.org/api/http.html#serverclosecallback",
	},
}

const (
	caddyDelay   = "let it serve after SIGTERM for DELAY, with the global option `shutdown_delay`."
	traefikDelay = "let it accept connections after SIGTERM for DELAY, with `transport.lifeCycle.requestAcceptGraceTimeout` of the entry point."
	flaskServer  = "its development server has no graceful shutdown: run the app with gunicorn or another server for production."
	nodeHandler  = "handle the signal with `process.on('SIGTERM', ...)`: keep serving for DELAY with `Connection: close` on every response, then `server.close(() => process.exit(0))`."
)
