package model

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// TestEveryDrainSetting reads each setting in each way in which it can be written.
func TestEveryDrainSetting(t *testing.T) {
	for _, s := range drainSettings {
		if !strings.HasPrefix(s.source, "https://") {
			t.Errorf("%s %s%s%s has no source", s.server, s.name, s.env, s.annotation)
		}
		found := 0
		check := func(how string, drains []Drain, want int) {
			found += len(drains)
			if len(drains) != want {
				t.Errorf("%s %s is found %d times, want %d", s.server, how, len(drains), want)
			}
			for _, d := range drains {
				if d.source != s.source || d.seconds != 60 {
					t.Errorf("%s %s: found %s of %s, %d s", s.server, how, d.name, d.server, d.seconds)
				}
			}
		}
		file, _, _ := strings.Cut(s.file, "|")
		command := ""
		if !s.flag {
			command = file
		}
		for name := range strings.FieldsSeq(s.name) {
			check("--"+name, ofFlags([]string{command, "--" + name + "=60s", "--" + name, "60s"}, ""), 2)
			key := 1
			if s.flag && s.file == "" {
				key = 0 // in no file
			}
			check(name, ofLines("# "+file+"\n  "+name+": 60s\n", "", ""), key)
		}
		for name := range strings.FieldsSeq(s.env) {
			check(name, ofVariable(name, Variable{Text: "60s", known: true}), 1)
		}
		if found == 0 && s.annotation == "" {
			t.Errorf("%s %s is not found", s.server, s.name)
		}
	}
}

// TestDrainsOnOneLine: flow style, JSON and comments.
func TestDrainsOnOneLine(t *testing.T) {
	for text, want := range map[string]string{
		`{terminationDrainDuration: 60s}`:                                      "Istio's proxy",
		`{"concurrency": 2, "terminationDrainDuration": "60s"}`:                "Istio's proxy",
		`{"server":{"graceful_shutdown_timeout":"60s","http_listen_port":80}}`: "the server",
		`{"spring.lifecycle.timeout-per-shutdown-phase":"60s"}`:                "Spring Boot",
		"# once, worker_shutdown_timeout 60s;":                                 "",
		"daemon off; # not, worker_shutdown_timeout 60s;":                      "",
		"// was {graceful_shutdown_timeout: 60s}":                              "",
	} {
		var servers []string
		for _, d := range ofLines(text, "", "") {
			servers = append(servers, d.server)
			if d.seconds != 60 {
				t.Errorf("%s: %d s", text, d.seconds)
			}
		}
		if got := strings.Join(servers, ""); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestDrainsOfOneName: a name is that of the server whose file or command it is in.
func TestDrainsOfOneName(t *testing.T) {
	for _, tt := range []struct {
		found []Drain
		want  string
	}{
		{ofLines("worker_shutdown_timeout 60", "/app/config/puma.rb", ""), "Puma"},
		{ofLines("upstream puma {}\nworker_shutdown_timeout 60;", "/etc/nginx/nginx.conf", ""), "nginx"},
		{ofFlags([]string{"hypercorn", "a:b", "--graceful-timeout", "60"}, ""), "Hypercorn"},
		{ofFlags([]string{"gunicorn", "a:b", "--graceful-timeout", "60"}, ""), "gunicorn"},
	} {
		if len(tt.found) != 1 || tt.found[0].server != tt.want {
			t.Errorf("%v, want %s", tt.found, tt.want)
		}
	}
}

func TestSecondsOf(t *testing.T) {
	for _, tt := range []struct {
		text string
		unit time.Duration
		want int // -1: no time
	}{
		{"60", 0, 60}, {"60s", 0, 60}, {"1m", 0, 60}, {"1m30s", 0, 90}, {"30 sec", 0, 30}, {"2 minutes", 0, 120}, {"1500ms", 0, 2},
		{"PT90S", 0, 90}, {"1m 30s", 0, 90}, {"30s", needsUnit, 30}, {"0", needsUnit, 0}, {"30", needsUnit, -1}, {"30000", time.Millisecond, 30}, {"10000000000", time.Nanosecond, 10}, {"0", 0, 0}, {"0.5", 0, 1}, {"1d", 0, 86400},
		{"-1", 0, -1}, {"-5s", 0, -1}, {"", 0, -1}, {"on", 0, -1}, {"$TIMEOUT", 0, -1}, {"5x", 0, -1}, {"1e99", 0, script.Endless},
	} {
		got, ok := SecondsOf(tt.text, tt.unit)
		if !ok {
			got = -1
		}
		if got != tt.want {
			t.Errorf("%q: %d, want %d", tt.text, got, tt.want)
		}
	}
}

// TestDrainsOfFiles reads files as they are written.
func TestDrainsOfFiles(t *testing.T) {
	for _, tt := range []struct{ path, text, want string }{
		{"/etc/nginx/nginx.conf", "worker_processes auto;\n# worker_shutdown_timeout 5s;\nworker_shutdown_timeout 60s; # long\n", "nginx 60"},
		{"/x/haproxy.cfg", "global\n  hard-stop-after 30000\n  grace 10s\ndefaults\n  mode http\n", "HAProxy 30, HAProxy 10"},
		{"/x/other.cfg", "grace 10s\n", ""},
		{"/etc/caddy/Caddyfile", "{\n\tgrace_period 10s\n\tshutdown_delay 15s\n}\n", "Caddy 10, Caddy 15"},
		{"/etc/caddy/config.json", "{\"apps\": {\"http\": {\n \"grace_period\": 10000000000,\n}}}", "Caddy 10"},
		{"/x/app.yaml", "cache:\n  grace_period: 1h\n", ""},
		{"/x/traefik.toml", "[entryPoints.web.transport.lifeCycle]\n  requestAcceptGraceTimeout = 42\n  graceTimeOut = \"10s\"\n", "Traefik 42, Traefik 10"},
		{"/x/traefik.yml", "entryPoints:\n  web:\n    transport:\n      lifeCycle:\n        requestAcceptGraceTimeout: 42\n", "Traefik 42"},
		{"/x/gunicorn.conf.py", "graceful_timeout = 120\nworkers = 2\n", "gunicorn 120"},
		{"/x/gunicorn.conf.py", "graceful_timeout = int(os.environ.get(\"T\", 15))\n", ""},
		{"/x/uwsgi.ini", "[uwsgi]\nworker-reload-mercy = 45\n", "uWSGI 45"},
		{"/x/puma.rb", "force_shutdown_after 30\n", "Puma 30"},
		{"/x/www.conf", "[global]\n;process_control_timeout = 5\nprocess_control_timeout = 20s\n", "PHP-FPM 20"},
		{"/x/application.properties", "spring.lifecycle.timeout-per-shutdown-phase=45s\n", "Spring Boot 45"},
		{"/x/application.yml", "spring:\n  lifecycle:\n    timeout-per-shutdown-phase: \"1m\"\n", "Spring Boot 60"},
		{"/x/Corefile", ".:53 {\n    health {\n        lameduck 5s\n    }\n}\n", "CoreDNS 5"},
		{"/x/nats.conf", "lame_duck_duration: \"30s\"\nlame_duck_grace_period = 10s\n", "NATS 30, NATS 10"},
		{"/x/httpd.conf", "GracefulShutdownTimeout 30\n", "Apache httpd 30"},
		{"/x/gerrit.config", "[httpd]\n\tgracefulStopTimeout = 90 s\n", "Gerrit 90"},
		{"/milvus/user.yaml", "grpc:\n  gracefulStopTimeout: 30\n", ""},
		{"/app/moleculer.config.json", "{\"gracefulStopTimeout\": 2000}", ""},
		{"/x/config/application.yml", "spring:\n  lifecycle:\n    timeoutPerShutdownPhase: 45s\n", "Spring Boot 45"},
		{"/x/lighttpd.conf", "server.feature-flags += (\n  \"server.graceful-shutdown-timeout\" => 15,\n)\n", "lighttpd 15"},
		{"/x/lighttpd.conf", "server.feature-flags += (\"server.graceful-shutdown-timeout\" => \"15\")\n", "lighttpd 15"},
		{"/x/mimir.yaml", "server:\n  graceful_shutdown_timeout: 15s\nshutdown_delay: 20s\n", "the server 15, the server 20"},
		{"/x/app.conf", "{ hypnotoad => { listen => ['http://*:8080'], graceful_timeout => 60 } }\n", "Hypnotoad 60"},
		{"/etc/nghttpx.conf", "worker-process-grace-shutdown-period=90\n", "nghttpx 90"},
		{"/app/appsettings.json", "{\n  \"ShutdownTimeoutSeconds\": 60,\n}\n", ".NET 60"},
		{"/app/application.yml", "micronaut:\n  lifecycle:\n    graceful-shutdown:\n      enabled: true\n      grace-period: 40s\n", "Micronaut 40"},
		{"/app/extra-args", "  --graceful-timeout=60\n", "gunicorn 60"},
		{"/var/lib/jetty/start.d/server.ini", "# jetty.server.stopTimeout=5000\njetty.server.stopTimeout=20000\n", "Jetty 20"},
		{"/usr/local/tomcat/conf/server.xml", "<Server port=\"-1\">\n  <Service name=\"Catalina\" gracefulStopAwaitMillis=\"25000\">\n", "Tomcat 25"},
		{"/usr/local/tomcat/conf/server.xml", "  <Service name=\"Catalina\"\n    gracefulStopAwaitMillis=\"25000\">\n", "Tomcat 25"},
		{"/usr/local/tomcat/conf/server.xml", "  <!-- <Service gracefulStopAwaitMillis=\"25000\"> -->\n", ""},
		{"/etc/helidon/application.yaml", "server:\n  port: 8080\n  shutdown-grace-period: PT30S\n", "Helidon 30"},
		// Other programs have keys of these names, and count milliseconds.
		{"/app/config.json", "{\"gracefulShutdownTimeout\": 30000}", ""},
		{"/app/config.yaml", "graceful_timeout: 30000\n", ""},
		{"/app/config.yaml", "server:\n  shutdown_delay: 5000\n  graceful_shutdown_timeout: 30000\n", ""},
		{"/app/config.yaml", "shutdown_grace_period: 30000\nworkers_kill_timeout: 30000\nhttp-grace-period: 30000\n", ""},
		{"/x/readme.md", "Set grace to 10s, the lameduck is 5s.\n", ""},
	} {
		var got []string
		for _, d := range ofLines(tt.text, tt.path, "") {
			got = append(got, fmt.Sprintf("%s %d", d.server, d.seconds))
		}
		if g := strings.Join(got, ", "); g != tt.want {
			t.Errorf("%s: %s, want %s\n%s", tt.path, g, tt.want, tt.text)
		}
	}
}

// TestSpringShutsDownAtOnce where that is set, in any of its ways.
func TestSpringShutsDownAtOnce(t *testing.T) {
	off := drainsOf.name["timeout-per-shutdown-phase"][0].off
	for text, want := range map[string]bool{
		"SERVER_SHUTDOWN=immediate":                                  true,
		"server.shutdown=immediate\n":                                true,
		`{"server": {"port": 8080}, "server.shutdown": "immediate"}`: true,
		"server:\n  port: 8080\n  shutdown: immediate\n":             true,
		"server:\n  shutdown: graceful\n":                            false,
		"server:\n  port: 8080\nother:\n  shutdown: immediate\n":     false,
		"SERVER_SHUTDOWN=graceful":                                   false,
	} {
		if got := off.MatchString(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestWholeOfNATS: the time before the first connection is closed is a part of the duration.
func TestWholeOfNATS(t *testing.T) {
	longest, _ := LongestDrain(ofLines("lame_duck_duration: 30s\nlame_duck_grace_period: 10s\n", "", ""))
	if longest.Longest != 30 {
		t.Errorf("%d s, want 30", longest.Longest)
	}
}

// TestWholeOfPuma: with workers, the master kills those that have not ended by then.
func TestWholeOfPuma(t *testing.T) {
	longest, _ := LongestDrain(ofLines("force_shutdown_after 20\nworker_shutdown_timeout 30\n", "/app/config/puma.rb", ""))
	if longest.Longest != 30 {
		t.Errorf("%d s, want 30", longest.Longest)
	}
}

// TestDrainsOnTheGracefulSignal: on another signal these servers stop at once, whatever
// they are set to.
func TestDrainsOnTheGracefulSignal(t *testing.T) {
	for _, tt := range []struct{ fields, want string }{
		{"image: nginx:1.29\n      args: [nginx, -g, \"daemon off; worker_shutdown_timeout 60s;\"]", "nginx"},
		{"image: nginx:1.29\n      lifecycle: {stopSignal: SIGTERM}\n      args: [nginx, -g, \"daemon off; worker_shutdown_timeout 60s;\"]", ""},
		{"image: debian:12\n      args: [nginx, -g, \"daemon off; worker_shutdown_timeout 60s;\"]", ""},
		{"image: registry.example/web:1\n      args: [nginx, -g, \"daemon off; worker_shutdown_timeout 60s;\"]", "nginx"},
		{"image: python:3.13\n      command: [gunicorn, --graceful-timeout=60, app]", "gunicorn"},
		{"image: python:3.13\n      lifecycle: {stopSignal: SIGINT}\n      command: [gunicorn, --graceful-timeout=60, app]", ""},
		{"image: python:3.13\n      lifecycle: {stopSignal: SIGINT}\n      command: [uvicorn, --timeout-graceful-shutdown=60, \"app:app\"]", "uvicorn"},
	} {
		var got []string
		for _, d := range podOf(t, tt.fields).Containers[0].Drains() {
			got = append(got, d.server)
		}
		if g := strings.Join(got, ", "); g != tt.want {
			t.Errorf("%s: %q, want %q", tt.fields, g, tt.want)
		}
	}
}

// TestLinkerdAsANativeSidecar: the proxy then has no hook that waits.
func TestLinkerdAsANativeSidecar(t *testing.T) {
	for annotation, want := range map[string]int{
		"": 1,
		`config.linkerd.io/proxy-enable-native-sidecar: "false"`:      1,
		`config.linkerd.io/proxy-enable-native-sidecar: "true"`:       0,
		`config.beta.linkerd.io/proxy-enable-native-sidecar: enabled`: 1,
		`config.beta.linkerd.io/proxy-enable-native-sidecar: "true"`:  0,
	} {
		w := podOf(t, "image: web")
		text := "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    config.alpha.linkerd.io/proxy-wait-before-exit-seconds: \"40\"\n    " + annotation + "\n"
		objects, _, _ := object.Read(&object.File{Name: "a.yaml", Data: []byte(text)})
		w.Template = objects[0].Value
		if got := w.drains(); len(got) != want {
			t.Errorf("%s: %v, want %d", annotation, got, want)
		}
	}
}

// TestIstioWaitsForConnections: the proxy then does not end after a time.
func TestIstioWaitsForConnections(t *testing.T) {
	for _, tt := range []struct {
		config string
		want   int
	}{
		{`terminationDrainDuration: 60s`, 1},
		{`{"terminationDrainDuration": "60s", "proxyMetadata": {"EXIT_ON_ZERO_ACTIVE_CONNECTIONS": "false"}}`, 1},
		{`{"terminationDrainDuration": "60s", "proxyMetadata": {"EXIT_ON_ZERO_ACTIVE_CONNECTIONS": "true"}}`, 0},
	} {
		w := podOf(t, "image: web")
		text := "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    proxy.istio.io/config: '" + tt.config + "'\n"
		objects, _, _ := object.Read(&object.File{Name: "a.yaml", Data: []byte(text)})
		w.Template = objects[0].Value
		if got := w.drains(); len(got) != tt.want {
			t.Errorf("%s: %v", tt.config, got)
		}
	}
	if got := switchedOn(ofLines("terminationDrainDuration: 60s", "", ""), []string{"EXIT_ON_ZERO_ACTIVE_CONNECTIONS=true"}); len(got) > 0 {
		t.Errorf("%v", got)
	}
}

// TestDrainsOfContainers reads commands and environments.
func TestDrainsOfContainers(t *testing.T) {
	for _, tt := range []struct{ fields, want string }{
		{`command: [gunicorn, --graceful-timeout, "60", app]`, "gunicorn 60"},
		{`args: ["--graceful-timeout=$(DELAY)"]`, "gunicorn 12"},
		{`command: [sh, -c, "exec uvicorn app:app --timeout-graceful-shutdown 25 --port 8000"]`, "uvicorn 25"},
		{`command: [java, -Dspring.lifecycle.timeout-per-shutdown-phase=25s, -jar, app.jar]`, "Spring Boot 25"},
		{`command: [java, -Dspring.lifecycle.timeout-per-shutdown-phase=25s, -Dserver.shutdown=immediate, -jar, app.jar]`, ""},
		{`args: [--entryPoints.web.transport.lifeCycle.requestAcceptGraceTimeout=20]`, "Traefik 20"},
		{`args: [--shutdown-delay-duration=20s]`, "the API server 20"},
		{`args: ["--drain-time-s", "45"]`, ""},
		{`args: ["--drain-time-s", "45"]
      lifecycle: {preStop: {exec: {command: [curl, -X, POST, "localhost:9901/drain_listeners?graceful"]}}}`, "Envoy 45"},
		{`args: [--graceful-timeout, app]`, ""},
		{`args: [/nginx-ingress-controller, --shutdown-grace-period=20]`, "ingress-nginx 20"},
		{`args: [run, --server, --shutdown-wait-period=10, --shutdown-grace-period=20]`, "OPA 20, OPA 10"},
		{`command: [firehose, --shutdown-grace-period=20s]`, ""}, // of another server, for what is in flight
		{`  - {name: JAVA_OPTS, value: "-Xmx1g -Dorg.wildfly.sigterm.suspend.timeout=40"}`, "WildFly 40"},
		{`args: [-Dorg.wildfly.sigterm.suspend.timeout=-1]`, ""}, // until all requests are finished
		{`args: [--shutdown-delay-duration=20]`, ""},             // the API server refuses it
		{`args: [--server.graceful-shutdown-timeout=20s]`, "the server 20"},
		{`args: ["--drain-time-s", "45"]
      lifecycle: {preStop: {exec: {command: [curl, -X, POST, "localhost:9901/drain_listeners"]}}}`, ""},
		{`args: [nginx, -g, "daemon off; worker_shutdown_timeout 1m 30s;"]`, "nginx 90"},
		{`command: [sh, -c, "exec nginx -g 'daemon off; worker_shutdown_timeout 60s;'"]`, "nginx 60"},
		{`command: [granian, --workers-kill-timeout, 45s, "app:app"]`, "Granian 45"},
		{`  - {name: GRANIAN_WORKERS_KILL_TIMEOUT, value: "45"}`, "Granian 45"},
		{`  - {name: ASPNETCORE_shutdownTimeoutSeconds, value: "60"}`, ".NET 60"},
		{`command: [dotnet, app.dll, --shutdownTimeoutSeconds, "60"]`, ".NET 60"},
		{`args: [--min-sigterm-delay=30s, --max-sigterm-delay=40s]`, "the Cloud SQL Auth Proxy 40, the Cloud SQL Auth Proxy 30"},
		{`  - {name: CSQL_PROXY_MAX_SIGTERM_DELAY, value: 40s}`, "the Cloud SQL Auth Proxy 40"},
		{`  - {name: KONG_NGINX_MAIN_WORKER_SHUTDOWN_TIMEOUT, value: 60s}`, "nginx 60"},
		{`command: [java, -Dmicronaut.lifecycle.graceful-shutdown.grace-period=25s, -jar, app.jar]`, ""},
		{`command: [java, -Dmicronaut.lifecycle.graceful-shutdown.grace-period=25s, -Dmicronaut.lifecycle.graceful-shutdown.enabled=true, -jar, app.jar]`, "Micronaut 25"},
		{"  - {name: MICRONAUT_LIFECYCLE_GRACEFUL_SHUTDOWN_GRACE_PERIOD, value: 25s}\n        - {name: MICRONAUT_LIFECYCLE_GRACEFUL_SHUTDOWN_ENABLED, value: \"true\"}", "Micronaut 25"},
	} {
		var got []string
		for _, d := range podOf(t, tt.fields).Containers[0].Drains() {
			got = append(got, fmt.Sprintf("%s %d", d.server, d.seconds))
		}
		if g := strings.Join(got, ", "); g != tt.want {
			t.Errorf("%s: %s, want %s", tt.fields, g, tt.want)
		}
	}
}
