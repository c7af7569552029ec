package diagnose

import (
	"slices"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

// knownServer is a server with what its own settings can cure.
type knownServer struct {
	finding.Server
	// settings are its own cures by the ID of the finding, each one sentence or more.
	// DELAY is the recommended one.
	settings map[string]string
}

// named is the known server of that name.
func named(name string) finding.Server {
	return finding.Servers[slices.IndexFunc(finding.Servers, func(s finding.Server) bool { return s.Name == name })]
}

// knownServers in the order of docs/FINDINGS.md.
var knownServers = []knownServer{
	{
		Server: named("nginx"),
		settings: map[string]string{
			cutsKeepAlive: "set `keepalive_min_timeout` (nginx 1.27.4 and later) above the time for which clients leave a connection idle: on SIGQUIT it otherwise closes idle connections at once.",
			cutsInFlight:  "raise `worker_shutdown_timeout`, if it is set, above the longest request.",
			graceShorter:  "set `worker_shutdown_timeout` below the grace period: without it the workers wait for the last connection.",
		},
	},
	{
		Server: named("Apache httpd"),
		settings: map[string]string{
			graceShorter: "set `GracefulShutdownTimeout` below the grace period: without it httpd waits for the last request.",
			notKeepingUp: "raise `MaxRequestWorkers`, or use the MPM event: with prefork and worker each connection holds a worker until `KeepAliveTimeout` after its last request.",
		},
	},
	{
		Server: named("HAProxy"),
		settings: map[string]string{
			closesEarly:   "let it accept connections after SIGUSR1 for DELAY: that is `grace` in the section global (HAProxy 2.4 and later).",
			delayShorter:  "let it accept connections after SIGUSR1 for DELAY: that is `grace` in the section global (HAProxy 2.4 and later).",
			cutsKeepAlive: "set `option idle-close-on-response` (HAProxy 2.4 and later): without it idle connections are closed at once, and a request on its way is lost.",
			cutsInFlight:  "raise `hard-stop-after`, if it is set, above the longest request.",
			graceShorter:  "set `hard-stop-after` below the grace period: without it HAProxy waits for the last connection.",
		},
	},
	{
		Server: named("Caddy"),
		settings: map[string]string{
			exitsAtOnce:  caddyDelay,
			closesEarly:  caddyDelay,
			delayShorter: caddyDelay,
			cutsInFlight: "raise the global option `grace_period` above the longest request.",
			graceShorter: "set the global option `grace_period`, which together with `shutdown_delay` must be below the grace period of the pod: without it Caddy waits for the last request.",
		},
	},
	{
		Server: named("Traefik"),
		settings: map[string]string{
			closesEarly:  traefikDelay,
			exitsAtOnce:  traefikDelay,
			delayShorter: traefikDelay,
			cutsInFlight: "raise `transport.lifeCycle.graceTimeOut` of the entry point (10 s by default) above the longest request.",
		},
	},
	{
		Server: named("Envoy"),
		settings: map[string]string{
			exitsAtOnce:   "let a preStop hook POST to `/drain_listeners?graceful` of its admin port, and then wait for `--drain-time-s`: on SIGTERM Envoy exits at once.",
			cutsKeepAlive: "let a preStop hook POST to `/drain_listeners?graceful` of its admin port: Envoy then sends `Connection: close`.",
		},
	},
	{
		Server:   named("lighttpd"),
		settings: map[string]string{cutsInFlight: "raise `server.graceful-shutdown-timeout` in `server.feature-flags` (8 s by default since 1.4.64) above the longest request."},
	},
	{
		Server: named("PHP-FPM"),
		settings: map[string]string{
			cutsInFlight: "set `process_control_timeout` above the longest request: with its default of 0 children are killed at once, also on SIGQUIT.",
			notKeepingUp: "raise `pm.max_children`: each child takes one request at a time.",
		},
	},
	{
		Server: named("uWSGI"),
		settings: map[string]string{
			meansReload:  "set `die-on-term = true` (--die-on-term), or send SIGQUIT (`STOPSIGNAL SIGQUIT` in the image): either stops it at once. `hook-master-start = unix_signal:15 gracefully_kill_them_all` with `master = true` finishes the requests in flight before it stops.",
			exitsAtOnce:  "`hook-master-start = unix_signal:15 gracefully_kill_them_all` with `master = true` finishes the requests in flight before it stops, in place of `die-on-term` or SIGQUIT.",
			closesIdle:   "set `http-keepalive`: without it the HTTP router ends the connection after each response, unannounced.",
			notKeepingUp: "raise `processes` or `threads`: each takes one request at a time.",
		},
	},
	{
		Server: named("gunicorn"),
		settings: map[string]string{
			cutsInFlight: "raise `--graceful-timeout` (30 s by default) above the longest request.",
			notKeepingUp: "raise `--workers`, or `--threads`: a worker of the class sync takes one request at a time.",
		},
	},
	{
		Server: named("uvicorn"),
		settings: map[string]string{
			cutsInFlight: "raise `--timeout-graceful-shutdown`, if it is set, above the longest request.",
			graceShorter: "set `--timeout-graceful-shutdown` (uvicorn 0.22 and later) below the grace period: without it uvicorn waits for the last connection.",
			notKeepingUp: "raise `--workers`.",
		},
	},
	{
		Server:   named("Hypercorn"),
		settings: map[string]string{cutsInFlight: "raise `--graceful-timeout` (3 s by default) above the longest request."},
	},
	{
		Server: named("Granian"),
		settings: map[string]string{
			graceShorter: "set `--workers-kill-timeout` (Granian 1.7 and later) below the grace period: without it Granian waits for the last request.",
			notKeepingUp: "raise `--workers`.",
		},
	},
	{
		Server: named("Flask"),
		settings: map[string]string{
			exitsAtOnce:   devServer,
			ignoresSignal: devServer,
		},
	},
	{
		Server: named("Django"),
		settings: map[string]string{
			exitsAtOnce:   devServer,
			ignoresSignal: devServer,
		},
	},
	{
		Server: named("Puma"),
		settings: map[string]string{
			cutsInFlight: "with `workers` raise `worker_shutdown_timeout` (30 s by default) above the longest request, and `force_shutdown_after` too if it is set.",
			graceShorter: "set `force_shutdown_after` below the grace period: without it, and without `workers`, Puma waits for the last request.",
			notKeepingUp: "raise `threads` or `workers`.",
		},
	},
	{
		Server:   named("Unicorn"),
		settings: map[string]string{notKeepingUp: "raise `worker_processes`: each takes one request at a time."},
	},
	{
		Server:   named("Starman"),
		settings: map[string]string{notKeepingUp: "raise `--workers`: each takes one connection at a time, and waits `--keepalive-timeout` for its next request."},
	},
	{
		Server: named("Hypnotoad"),
		settings: map[string]string{
			cutsInFlight: "raise `graceful_timeout` (120 s by default) above the longest request.",
			notKeepingUp: "raise `workers`.",
		},
	},
	{
		Server:   named("nghttpx"),
		settings: map[string]string{graceShorter: "set `--worker-process-grace-shutdown-period` (nghttp2 1.46 and later) below the grace period: without it nghttpx waits for the last connection."},
	},
	{
		Server: named("Java"),
		settings: map[string]string{
			exitsAtOnce:  "Spring Boot finishes the requests in flight with `server.shutdown=graceful` (the default since 3.4), Micronaut with `micronaut.lifecycle.graceful-shutdown.enabled=true` (4.9 and later).",
			cutsInFlight: "Spring Boot: raise `spring.lifecycle.timeout-per-shutdown-phase` (30 s by default) above the longest request; Micronaut: `micronaut.lifecycle.graceful-shutdown.grace-period` (15 s by default).",
		},
	},
	{
		Server:   named(".NET"),
		settings: map[string]string{cutsInFlight: "raise `HostOptions.ShutdownTimeout` (30 s by default, 5 s before .NET 6) above the longest request."},
	},
	{
		Server: named("Node.js"),
		settings: map[string]string{
			exitsAtOnce:   nodeHandler,
			ignoresSignal: nodeHandler + " Process 1 does not end without a handler.",
			closesEarly:   "keep the server open for DELAY after the signal, with `Connection: close` on every response, and call `server.close()` only then.",
			cutsKeepAlive: "from the signal on set the header `Connection: close` in every response, for long enough that each client sends one more request: `server.close()` closes idle connections unannounced (Node.js 19 and later).",
		},
	},
}

const (
	caddyDelay   = "let it serve after SIGTERM for DELAY, with the global option `shutdown_delay`."
	traefikDelay = "let it accept connections after SIGTERM for DELAY, with `transport.lifeCycle.requestAcceptGraceTimeout` of the entry point."
	devServer    = "its development server has no graceful shutdown: run the app with gunicorn or another server for production."
	nodeHandler  = "handle the signal with `process.on('SIGTERM', ...)`: keep serving for DELAY with `Connection: close` on every response, then `server.close(() => process.exit(0))`."
)
