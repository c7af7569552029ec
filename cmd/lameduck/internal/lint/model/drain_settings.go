package model

import (
	"regexp"
	"time"
)

// drainSettings is every setting that lint knows, one entry each.
var drainSettings = []drainSetting{
	{server: "lameduck", env: "LAMEDUCK_DELAY", unit: needsUnit, accepts: true, source: "https://pkg.go.dev/github.com/lameduck-dev/lameduck#Process"},
	{server: "lameduck", env: "LAMEDUCK_GRACE", unit: needsUnit, whole: true, source: "https://pkg.go.dev/github.com/lameduck-dev/lameduck#Process"},

	// Where several servers use one name, the setting that needs a certain file comes first.
	{server: "Puma", name: "worker_shutdown_timeout", whole: true, file: "puma.rb", source: "https://puma.io/puma/Puma/DSL.html#worker_shutdown_timeout-instance_method"},
	{server: "Hypercorn", name: "graceful-timeout", file: "hypercorn", source: "https://hypercorn.readthedocs.io/en/latest/how_to_guides/configuring.html"},
	{server: "Hypnotoad", name: "graceful_timeout", file: "hypnotoad", source: "https://docs.mojolicious.org/Mojo/Server/Hypnotoad#graceful_timeout"},
	{server: "lighttpd", name: "graceful-shutdown-timeout", file: "lighttpd|server.document-root|server.modules",
		source: "https://github.com/lighttpd/lighttpd1.4/blob/master/src/server.c"},

	{server: "OPA", name: "shutdown-grace-period", file: "opa run|run --server|run -s", source: "https://github.com/open-policy-agent/opa/blob/main/cmd/run.go"},
	{server: "OPA", name: "shutdown-wait-period", file: "opa run|run --server|run -s", accepts: true, source: "https://github.com/open-policy-agent/opa/blob/main/cmd/run.go"},
	{server: "Helidon", name: "shutdown-grace-period", unit: needsUnit, file: "helidon",
		source: "https://github.com/helidon-io/helidon/blob/main/webserver/webserver/src/main/java/io/helidon/webserver/ListenerConfigBlueprint.java"},

	// Web servers and proxies.
	{server: "nginx", name: "worker_shutdown_timeout", env: "KONG_NGINX_MAIN_WORKER_SHUTDOWN_TIMEOUT", source: "https://nginx.org/en/docs/ngx_core_module.html#worker_shutdown_timeout"},
	{server: "Apache httpd", name: "GracefulShutdownTimeout", file: "httpd|apache|documentroot|<ifmodule|loadmodule", source: "https://httpd.apache.org/docs/2.4/mod/mpm_common.html#gracefulshutdowntimeout"},
	{server: "HAProxy", name: "hard-stop-after", unit: time.Millisecond, source: "https://docs.haproxy.org/3.0/configuration.html#3.1-hard-stop-after"},
	{server: "HAProxy", name: "grace", unit: time.Millisecond, accepts: true, file: "defaults", source: "https://docs.haproxy.org/3.0/configuration.html#3.1-grace"},
	{server: "Envoy", name: "drain-time-s", flag: true, hook: "?graceful|&graceful", inHook: true, source: "https://www.envoyproxy.io/docs/envoy/latest/operations/cli#cmdoption-drain-time-s"},
	{server: "nghttpx", name: "worker-process-grace-shutdown-period", source: "https://nghttp2.org/documentation/nghttpx.1.html#cmdoption-nghttpx-worker-process-grace-shutdown-period"},
	{server: "Traefik", name: "requestAcceptGraceTimeout", accepts: true, source: "https://doc.traefik.io/traefik/routing/entrypoints/"},
	{server: "Traefik", name: "graceTimeOut", source: "https://doc.traefik.io/traefik/routing/entrypoints/"},
	{server: "Caddy", name: "shutdown_delay", unit: time.Nanosecond, accepts: true, file: "caddyfile|\"apps\"", source: "https://caddyserver.com/docs/caddyfile/options"},
	{server: "Caddy", name: "grace_period", unit: time.Nanosecond, file: "caddyfile|\"apps\"", source: "https://caddyserver.com/docs/caddyfile/options"},
	{server: "Skipper", name: "wait-for-healthcheck-interval", accepts: true, byDefault: 45, source: "https://opensource.zalando.com/skipper/operation/operation/"},
	{server: "ingress-nginx", name: "shutdown-grace-period", file: "nginx-ingress-controller", accepts: true, source: "https://kubernetes.github.io/ingress-nginx/user-guide/cli-arguments/"},
	{server: "ingress-nginx", name: "post-shutdown-grace-period", flag: true, source: "https://kubernetes.github.io/ingress-nginx/user-guide/cli-arguments/"},
	{server: "CoreDNS", name: "lameduck", unit: needsUnit, accepts: true, file: "health", source: "https://coredns.io/plugins/health/"},
	{server: "NATS", name: "lame_duck_duration", hook: "ldm|USR2", whole: true, source: "https://docs.nats.io/running-a-nats-service/nats_admin/lame_duck_mode"},
	{server: "NATS", name: "lame_duck_grace_period", hook: "ldm|USR2", source: "https://docs.nats.io/running-a-nats-service/nats_admin/lame_duck_mode"},

	// Servers of applications.
	{server: "gunicorn", name: "graceful-timeout", flag: true, file: "gunicorn|worker_class|.py", source: "https://docs.gunicorn.org/en/stable/settings.html#graceful-timeout"},
	{server: "uvicorn", name: "timeout-graceful-shutdown", env: "UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN", flag: true, source: "https://www.uvicorn.org/settings/#timeouts"},
	{server: "Granian", name: "workers-kill-timeout", env: "GRANIAN_WORKERS_KILL_TIMEOUT", flag: true, source: "https://github.com/emmett-framework/granian#options"},
	{server: "uWSGI", name: "worker-reload-mercy", env: "UWSGI_WORKER_RELOAD_MERCY", source: "https://uwsgi-docs.readthedocs.io/en/latest/Options.html#worker-reload-mercy"},
	{server: "Puma", name: "force_shutdown_after", source: "https://puma.io/puma/Puma/DSL.html#force_shutdown_after-instance_method"},
	{server: "PHP-FPM", name: "process_control_timeout", source: "https://www.php.net/manual/en/install.fpm.configuration.php#process-control-timeout"},
	// server.shutdown is immediate by default before 3.4: a timeout that is set shows that graceful is meant.
	{server: "Spring Boot", name: "timeout-per-shutdown-phase timeoutPerShutdownPhase", unit: time.Millisecond, source: "https://docs.spring.io/spring-boot/reference/web/graceful-shutdown.html",
		env: "SPRING_LIFECYCLE_TIMEOUTPERSHUTDOWNPHASE SPRING_LIFECYCLE_TIMEOUT_PER_SHUTDOWN_PHASE",
		off: regexp.MustCompile(`(?i)(?:\b|-D)server[._]shutdown["']?\s*[:=]\s*["']?immediate\b|\bserver:\s*(?:\n\s+[^\n]*)*?\n\s+shutdown:\s*["']?immediate\b`)},
	{server: "Quarkus", name: "quarkus.shutdown.delay", env: "QUARKUS_SHUTDOWN_DELAY", accepts: true, source: "https://quarkus.io/guides/lifecycle#graceful-shutdown"},
	{server: "Quarkus", name: "quarkus.shutdown.timeout", env: "QUARKUS_SHUTDOWN_TIMEOUT", source: "https://quarkus.io/guides/lifecycle#graceful-shutdown"},
	{server: "Keycloak", env: "KC_SHUTDOWN_DELAY", accepts: true, source: "https://www.keycloak.org/server/all-config"},
	{server: "Keycloak", env: "KC_SHUTDOWN_TIMEOUT", source: "https://www.keycloak.org/server/all-config"},
	{server: "Micronaut", name: "micronaut.lifecycle.graceful-shutdown.grace-period grace-period", env: "MICRONAUT_LIFECYCLE_GRACEFUL_SHUTDOWN_GRACE_PERIOD", unit: needsUnit, file: "micronaut",
		on:     regexp.MustCompile(`(?i)lifecycle[._]graceful[-_]shutdown[._]enabled["']?\s*[:=]\s*["']?true\b|\bgraceful-shutdown:\s*(?:\n\s+[^\n]*)*?\n\s+enabled:\s*["']?true\b`), // off by default, since 4.9.0
		source: "https://docs.micronaut.io/latest/api/io/micronaut/runtime/graceful/GracefulShutdownConfiguration.html"},
	{server: ".NET", name: "shutdownTimeoutSeconds", env: "DOTNET_SHUTDOWNTIMEOUTSECONDS ASPNETCORE_SHUTDOWNTIMEOUTSECONDS SHUTDOWNTIMEOUTSECONDS", flag: true, file: "appsettings", source: "https://learn.microsoft.com/en-us/aspnet/core/fundamentals/host/generic-host#shutdowntimeout"},
	{server: "Jetty", name: "jetty.server.stopTimeout", unit: time.Millisecond, source: "https://github.com/jetty/jetty.project/blob/jetty-12.0.x/jetty-core/jetty-server/src/main/config/etc/jetty.xml"},
	{server: "Tomcat", name: "gracefulStopAwaitMillis", unit: time.Millisecond, source: "https://tomcat.apache.org/tomcat-11.0-doc/config/service.html"},
	{server: "WildFly", name: "org.wildfly.sigterm.suspend.timeout", // it refuses requests meanwhile
		source: "https://github.com/wildfly/wildfly-core/blob/main/server/src/main/java/org/jboss/as/server/BootstrapImpl.java"},
	{server: "Gerrit", name: "gracefulStopTimeout", file: "gerrit", source: "https://gerrit-review.googlesource.com/Documentation/config-gerrit.html#httpd.gracefulStopTimeout"},

	// Other programs behind Services.
	{server: "the API server", name: "shutdown-delay-duration", unit: needsUnit, flag: true, accepts: true, source: "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/"},
	{server: "the server", name: "shutdown-delay", unit: needsUnit, accepts: true, source: "https://grafana.com/docs/mimir/latest/configure/configuration-parameters/#server"},
	{server: "the server", name: "graceful-shutdown-timeout", unit: needsUnit, source: "https://grafana.com/docs/mimir/latest/configure/configuration-parameters/#server"},
	{server: "Thanos", name: "http-grace-period", unit: needsUnit, flag: true, source: "https://thanos.io/tip/components/query.md/#flags"},
	{server: "Thanos", name: "grpc-grace-period", unit: needsUnit, flag: true, source: "https://thanos.io/tip/components/query.md/#flags"},
	{server: "Vector", name: "graceful-shutdown-limit-secs", env: "VECTOR_GRACEFUL_SHUTDOWN_LIMIT_SECS", flag: true, source: "https://vector.dev/docs/reference/cli/"},

	// Proxies to databases.
	{server: "the Cloud SQL Auth Proxy", name: "min-sigterm-delay", env: "CSQL_PROXY_MIN_SIGTERM_DELAY", unit: needsUnit, accepts: true, source: "https://github.com/GoogleCloudPlatform/cloud-sql-proxy/blob/main/docs/cmd/cloud-sql-proxy.md"},
	{server: "the Cloud SQL Auth Proxy", name: "max-sigterm-delay", env: "CSQL_PROXY_MAX_SIGTERM_DELAY", unit: needsUnit, source: "https://github.com/GoogleCloudPlatform/cloud-sql-proxy/blob/main/docs/cmd/cloud-sql-proxy.md"},
	{server: "the Cloud SQL Auth Proxy", name: "term_timeout", unit: needsUnit, flag: true, source: "https://github.com/GoogleCloudPlatform/cloud-sql-proxy/releases/tag/v1.13.0"},

	// Proxies that a mesh adds to the pod.
	{server: "Istio's proxy", name: "terminationDrainDuration", env: "TERMINATION_DRAIN_DURATION_SECONDS", accepts: true,
		off:    regexp.MustCompile(`EXIT_ON_ZERO_ACTIVE_CONNECTIONS["']?\s*[:=]\s*["']?(?i:true)`), // it then waits for the last connection
		source: "https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig-termination_drain_duration"},
	{server: "Linkerd's proxy", annotation: "config.linkerd.io/shutdown-grace-period", env: "LINKERD2_PROXY_SHUTDOWN_GRACE_PERIOD", unit: needsUnit, source: "https://linkerd.io/2/tasks/graceful-shutdown/"},
	{server: "Linkerd's proxy", annotation: "config.alpha.linkerd.io/proxy-wait-before-exit-seconds", accepts: true,
		off:    regexp.MustCompile(`config\.(?:alpha\.|beta\.)?linkerd\.io/proxy-enable-native-sidecar: (?i:true)`), // a native sidecar gets no hook: charts/partials/templates/_proxy.tpl
		source: "https://linkerd.io/2/tasks/graceful-shutdown/"},
	{server: "Consul's proxy", annotation: "consul.hashicorp.com/sidecar-proxy-lifecycle-shutdown-grace-period-seconds", source: "https://developer.hashicorp.com/consul/docs/k8s/annotations-and-labels"},
	{server: "Dapr's proxy", annotation: "dapr.io/graceful-shutdown-seconds", source: "https://docs.dapr.io/reference/arguments-annotations-overview/"},
	{server: "Dapr's proxy", annotation: "dapr.io/block-shutdown-duration", unit: needsUnit, source: "https://docs.dapr.io/reference/arguments-annotations-overview/"},
}
