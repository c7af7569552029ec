package diagnose

import (
	"strings"
	"testing"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/attribute"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

// killedAt15 is onePod, but killed.
func killedAt15() *built {
	b := onePod()
	b.Events = append(b.Events[:3:3], event(15*s, timeline.Killed, "a"), b.Events[3])
	b.Spec.Grace = 5 * s
	return b
}

// TestFixes checks the cures that depend on what was seen.
func TestFixes(t *testing.T) {
	nginx := func(exit timeline.Event, command ...string) *built {
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Signalled, "a"), exit)
		b.Spec.Command = command
		return b.try(9*s, "a").try(11*s, "a", refused).try(9*s, "a", lasting(s+ms), failing(timeline.EOF))
	}
	atOnce := event(10*s+ms, timeline.Exited, "a")
	late := func(lastConnection time.Duration) *built {
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Signalled, "a"), event(20*s, timeline.Exited, "a"))
		b.Spec.Grace = 30 * s
		return b.try(9*s, "a").try(19*s, "a").try(lastConnection, "a", refused)
	}
	for _, tt := range []struct {
		name string
		*built
		id        string
		want, not string // what the fix contains, and what it does not
	}{
		{"killed while keep-alive connections were in use, not asked to close",
			killedAt15().try(9*s, "a").try(11*s, "a", on(1)).try(14*s, "a", on(1), ending(timeline.FIN, 15*s)),
			graceShorter, sendConnectionClose, "look for a worker"},
		{"killed, and had asked them to close",
			killedAt15().try(9*s, "a").try(11*s, "a", on(1)).try(14*s, "a", on(1), ending(timeline.Announced, 14*s)),
			graceShorter, "look for a worker", sendConnectionClose},
		{"closed its listener, and waited for keep-alive connections until it was killed",
			killedAt15().try(9*s, "a").try(11*s, "a", on(1)).try(14*s, "a", on(1), ending(timeline.FIN, 15*s)).try(10*s+ms, "a", refused),
			closesEarly, " Also, " + sendConnectionClose, ""},
		{"closed its listener, and exited in time",
			onePod().try(9*s, "a").try(11*s, "a", on(1)).try(14*s, "a", on(1), ending(timeline.FIN, 15*s)).try(10*s+ms, "a", refused),
			closesEarly, "preStop", sendConnectionClose},
		{"a server whose graceful signal is another", nginx(atOnce, "/usr/sbin/nginx", "-g", "daemon off;"),
			exitsAtOnce, "nginx: it finishes requests in flight on SIGQUIT", "Go: "},
		{"the same, and it takes a while to stop", nginx(event(12*s, timeline.Exited, "a"), "apache2", "-DFOREGROUND").try(10*s+ms, "a", refused).try(9*s, "a", lasting(2900*ms)),
			closesEarly, "Apache httpd: it finishes requests in flight on SIGWINCH", ""},
		{"the same, behind a hook that waited for long enough", func() *built {
			b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.PreStopStarted, "a"), event(15*s, timeline.Signalled, "a"), event(15*s+ms, timeline.Exited, "a"))
			b.Spec.Command, b.Spec.PreStop, b.Spec.PreStopSleep = []string{"nginx"}, "sleep", 5*s
			return b.try(9*s, "a").try(11*s, "a").try(14*s, "a", lasting(s+ms), failing(timeline.EOF)).try(14500*ms, "a")
		}(), cutsInFlight, "nginx: it finishes requests in flight on SIGQUIT", ""},
		{"a longer delay needs a longer grace period", late(32 * s), delayShorter, "(LAMEDUCK_DELAY), and its Grace to the", ""},
		{"a longer delay fits", late(21 * s), delayShorter, "(LAMEDUCK_DELAY)", "Grace to the"},
		{"an unknown server", nginx(atOnce, "./nginx-like"), exitsAtOnce, "are still cut", "SIGQUIT"},
		{"no command is known", nginx(atOnce), exitsAtOnce, "are still cut", "SIGQUIT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := Findings(&tt.Run)
			if len(found) != 1 || found[0].ID != tt.id {
				t.Fatalf("%+v, want %s", found, tt.id)
			}
			if fix := found[0].Fix; !strings.Contains(fix, tt.want) || tt.not != "" && strings.Contains(fix, tt.not) {
				t.Errorf("%s\nwant %q, and not %q", fix, tt.want, tt.not)
			}
		})
	}
}

// commanded gives a run the command of its pods.
func commanded(b *built, command ...string) *built {
	b.Spec.Command = command
	return b
}

// TestAdviceFits: the setting of the server itself comes first, then the manifest,
// then the library where the server is Go; nothing that is already so, and no
// number that was not measured.
func TestAdviceFits(t *testing.T) {
	atOnce := func(server timeline.Server) *built {
		listening := event(1, timeline.Listening, "a")
		listening.Server = server
		b := build(event(0, timeline.Started, "a"), listening, event(1, timeline.Ready, "a"), event(10*s, timeline.Signalled, "a"), event(10*s+ms, timeline.Exited, "a"))
		b.Spec.Grace = 30 * s
		return b.try(9*s, "a").try(11*s, "a", refused).try(9*s, "a", lasting(s+ms), failing(timeline.EOF))
	}
	// After a hook of 1 s the process exits at the signal.
	hooked := func(kind string, sleep time.Duration) *built {
		b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(9*s, timeline.PreStopStarted, "a"), event(10*s, timeline.PreStopEnded, "a"),
			event(10*s+ms, timeline.Signalled, "a"), event(10*s+10*ms, timeline.Exited, "a"))
		b.Spec.PreStop, b.Spec.PreStopSleep, b.Spec.Grace = kind, sleep, 30*s
		return b.try(8*s, "a").try(9500*ms, "a").try(11*s, "a", refused).try(9*s, "a", lasting(s+5*ms), failing(timeline.EOF))
	}
	shortGrace := atOnce(timeline.Server{})
	shortGrace.Spec.Grace = 10 * s
	secure := atOnce(timeline.Server{Program: "shop", Lang: timeline.Go})
	for i := range secure.Attempts {
		secure.Attempts[i].TLS = true
	}
	kept := atOnce(timeline.Server{})
	for i := range kept.Attempts {
		kept.Attempts[i].Reused = true
	}
	for _, tt := range []struct {
		name string
		*built
		want []string // each line of the fix begins so
		has  string
		not  string
	}{
		{"Go", atOnce(timeline.Server{Program: "shop", Lang: timeline.Go}), []string{"Manifest: `preStop", "Go: call lameduck"}, "", "Grace"},
		{"Go, over TLS", secure, []string{"Manifest: `preStop", "Go: call lameduck.ListenAndServeTLS("}, "", "lameduck.ListenAndServe("},
		{"another language", atOnce(timeline.Server{Program: "python3.11", Script: "http.server", Lang: timeline.OtherLang}), []string{"Any language: handle", "Manifest: `preStop"}, "", "lameduck"},
		{"not known", atOnce(timeline.Server{}), []string{"Any language: handle", "Manifest: `preStop", "Go: call"}, "", ""},
		{"seen, and its language not known", atOnce(timeline.Server{Program: "shop"}), []string{"Any language: handle", "Manifest: `preStop", "Go: call"}, "", ""},
		{"a server to configure", atOnce(timeline.Server{Program: "nginx", Lang: timeline.OtherLang}), []string{"nginx: it finishes", "Manifest: `preStop"}, "", "lameduck"},
		{"a server to configure, written in Go", atOnce(timeline.Server{Program: "caddy", Lang: timeline.Go}), []string{"Caddy: let it serve after SIGTERM for 3 s", "Manifest: `preStop"}, "", "lameduck"},
		{"a server to configure, with a version", atOnce(timeline.Server{Program: "php-fpm8.2"}), []string{"PHP-FPM: it finishes", "Manifest: `preStop"}, "SIGQUIT", ""},
		{"a script that a known server is", atOnce(timeline.Server{Program: "python3.11", Script: "flask"}), []string{"Flask: its development server", "Manifest: `preStop"}, "", ""},
		{"the reloader of a development server", atOnce(timeline.Server{Program: "python3.11", Script: "manage.py"}), []string{"Django: its development server", "Manifest: `preStop"}, "", ""},
		{"a script that has set another title", commanded(atOnce(timeline.Server{Program: "perl", Lang: timeline.OtherLang}), "/usr/bin/hypnotoad", "-f", "app.pl"), []string{"Hypnotoad: it finishes", "Manifest: `preStop"}, "SIGQUIT", ""},
		{"a program of its users", atOnce(timeline.Server{Program: "node", Script: "app.js", Lang: timeline.OtherLang}), []string{"Node.js: handle the signal with", "Manifest: `preStop"}, "for 3 s with", ""},
		{"a grace period that is too short as well", shortGrace, []string{"Any language: ", "Manifest: `preStop", "Go: "}, "`terminationGracePeriodSeconds: 30`", ""},
		{"a hook that is too short", hooked("sleep", s), []string{"Any language: ", "Manifest: raise the preStop sleep from 1s to `preStop: {sleep: {seconds: 4}}`", "Go: "}, "", "terminationGracePeriodSeconds"},
		{"a server whose connections hold its workers", commanded(twoWorkers(), "/usr/sbin/apache2", "-DFOREGROUND"), []string{"Apache httpd: raise `MaxRequestWorkers`", "lower --rate"}, "", ""},
		{"a hook that is a command", hooked("exec", 0), []string{"Any language: ", "Manifest: let the preStop hook last for 4 s", "Go: "}, "", "{sleep"},
		{"a hook that is long enough", hooked("sleep", 20*s), []string{"Any language: ", "Go: "}, "", "preStop"},
		{"no new connection", kept, []string{"Any language: handle the signal, keep serving for as long as", "Manifest: a preStop sleep delays", "Go: "}, "", "seconds:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := Findings(&tt.Run)
			if len(found) == 0 {
				t.Fatal("no finding")
			}
			fix := found[0].Fix
			lines := strings.Split(fix, "\n")
			ok := len(lines) == len(tt.want) && strings.Contains(fix, tt.has) && (tt.not == "" || !strings.Contains(fix, tt.not))
			for i := range min(len(lines), len(tt.want)) {
				ok = ok && strings.HasPrefix(lines[i], tt.want[i])
			}
			if !ok {
				t.Errorf("%s: %s\nwant %q, with %q and not %q", found[0].ID, fix, tt.want, tt.has, tt.not)
			}
		})
	}
}

// TestNoLibraryForAProduct: the user of a server that others wrote cannot change its
// program, also where none of its settings is known to cure the fault.
func TestNoLibraryForAProduct(t *testing.T) {
	caddy := ownAdvice{name: "Caddy", product: true}
	for _, lang := range []timeline.Lang{timeline.Go, timeline.OtherLang} {
		text := advice{program: "send the header.", inGo: listenAndServe}.text(&caddy, lang)
		if want := "Caddy: look for a setting that does this: send the header."; text != want {
			t.Errorf("%s, want %s", text, want)
		}
	}
}

// TestKnownServers: each is written for the page and for reports, and its settings
// belong to findings that there are.
func TestKnownServers(t *testing.T) {
	ids := map[string]bool{}
	for _, r := range rules {
		ids[r.id] = true
	}
	seen := map[string]bool{}
	for i, k := range knownServers {
		if k.Name == "" || len(k.Programs) == 0 || k.Source == "" || len(k.settings) == 0 && k.GracefulSignal == "" {
			t.Errorf("%+v is incomplete", k)
		}
		for _, program := range k.Programs {
			s := runFacts{run: &timeline.Run{Spec: timeline.Spec{Command: []string{"/opt/" + program, "-x"}}}}
			if seen[program] || s.server() != &knownServers[i] {
				t.Errorf("%s is there twice, or not found", program)
			}
			seen[program] = true
		}
		for id, setting := range k.settings {
			if !ids[id] || !strings.HasSuffix(setting, ".") {
				t.Errorf("%s, %s: %q is for no finding, or no sentence", k.Name, id, setting)
			}
		}
	}
}

// TestNoFindingIsWithoutAdvice: whatever the rule and the server.
func TestNoFindingIsWithoutAdvice(t *testing.T) {
	for _, k := range append(knownServers[:len(knownServers):len(knownServers)], unknownServer) {
		for _, lang := range []timeline.Lang{"", timeline.Go, timeline.OtherLang} {
			for i := range rules {
				facts := &runFacts{run: &timeline.Run{Spec: timeline.Spec{PreStop: "sleep", PreStopSleep: 20 * s, Grace: 60 * s}}, observer: &observer{accuracy: attribute.NewAccuracy(noRun)},
					recommended: finding.Recommendation{DelaySeconds: 4, GraceSeconds: 30}, known: &k}
				facts.pods = []*podFacts{newPodFacts(timeline.Pod{Server: timeline.Server{Program: "x", Lang: lang}}, facts.observer)}
				m := newMatch(facts, nil)
				for line := range strings.Lines(rules[i].fixText(&m)) {
					if before, text, _ := strings.Cut(line, ": "); before == "" || text == "" && rules[i].fix(&m).always == "" {
						t.Errorf("%s, %s, %q: a line without a label or a text: %q", k.Name, rules[i].id, lang, line)
					}
				}
				if rules[i].fixText(&m) == "" {
					t.Errorf("%s, %s, %q: no advice", k.Name, rules[i].id, lang)
				}
			}
		}
	}
}

// TestTheFirstUnexplainedIsQuotedOnce: the detail of a 5xx is its status.
func TestTheFirstUnexplainedIsQuotedOnce(t *testing.T) {
	b := onePod().try(s, "a").try(2*s, "a", failing(timeline.Status5xx), func(a *timeline.Attempt) { a.Status, a.Detail = 501, "status 501" })
	found := Findings(&b.Run)
	if len(found) != 1 || strings.Count(found[0].Evidence, "501") != 1 {
		t.Errorf("%+v, want the status once", found)
	}
}

// TestTheExitIsTimed: the evidence counts the exit from the signal, not the
// close of the listener before it.
func TestTheExitIsTimed(t *testing.T) {
	b := build(event(0, timeline.Started, "a"), event(1, timeline.Ready, "a"), event(10*s, timeline.Signalled, "a"), event(10900*ms, timeline.Exited, "a"))
	b.try(9*s, "a").try(10500*ms, "a", refused).try(9*s, "a", lasting(1600*ms), failing(timeline.Reset))
	found := Findings(&b.Run)
	if len(found) != 1 || found[0].ID != exitsAtOnce || !strings.Contains(found[0].Evidence, "900 ms after termination began") {
		t.Errorf("%+v, want an exit after 900 ms", found)
	}
}
