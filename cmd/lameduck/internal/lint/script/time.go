package script

import (
	"maps"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Time is how long commands take.
type Time struct {
	// AtLeast are the seconds that are certain: those before an unknown command runs. Such
	// a command may stop the server, and the hook ends with the server's container.
	AtLeast int
	Planned int  // seconds, if every command on the way succeeds
	Endless bool // the commands never end
	Open    bool // an unknown command runs: it may take longer
	stops   bool // a command runs that stops the server, or makes it drain
	ends    bool // what follows does not run
}

// TimeOf is how long a command takes. value is a variable of its environment, script the
// text of a file that it may run; not ok for what is not known.
func TimeOf(command []string, value, script func(name string) (text string, ok bool)) Time {
	s := &shell{set: map[string]string{}, value: value, script: script}
	if len(command) > 0 && !IsShell(path.Base(command[0])) {
		if text, ok := script(command[0]); ok {
			command = []string{"sh", "-c", text}
		}
	}
	t := s.simple(command)
	if t.Endless {
		t.AtLeast, t.Planned = Endless, Endless
	}
	t.ends = false
	return t
}

// run adds up a list of commands.
func (s *shell) run(list []command) (sum Time) {
	sure := true  // what follows runs for certain
	chain := true // so does what follows &&
	for i, c := range list {
		if c.after == "|" {
			continue // of the pipeline before it
		}
		chain = c.after != "&&" || chain && list[i-1].succeeds()
		t := s.maybe(c.after != "||" && chain, func() Time { return s.pipeline(list[i:]) })
		switch {
		case c.background:
			s.background = max(s.background, t.Planned)
			sum.Open, sum.stops = sum.Open || t.Open, sum.stops || t.stops
			sure = sure && !t.Open
			continue
		case c.after == "||":
			sum.Open, sum.stops = sum.Open || t.Open || t.Planned > 0, sum.stops || t.stops
			sure = sure && !t.ends && !t.Open
			continue
		case !chain:
			sure = sure && !t.Endless && !t.ends
			t = Time{Planned: t.Planned, Open: t.Open || t.Endless, stops: t.stops}
		}
		if !sure {
			t.AtLeast, t.Endless = 0, false
		}
		sum.AtLeast += t.AtLeast
		if !sum.stops {
			sum.Planned += t.Planned
		}
		sum.Open, sum.stops = sum.Open || t.Open, sum.stops || t.stops
		sum.Endless = sum.Endless || t.Endless
		if t.ends || t.Endless {
			sum.ends = sure
			return sum
		}
		sure = sure && !t.Open && (!s.errexit || c.succeeds())
	}
	return sum
}

// pipeline is the first command of the list with those that it is piped to. A command that
// would never end does end when no other reads its output any more.
func (s *shell) pipeline(list []command) Time {
	t := s.one(list[0])
	for _, c := range list[1:] {
		if c.after != "|" {
			break
		}
		if t.Endless {
			t = Time{Open: true}
		}
		t = t.beside(s.one(c))
	}
	return t
}

// maybe runs what depends on a condition, unless it is sure: the variables that run sets
// are not known afterwards.
func (s *shell) maybe(sure bool, run func() Time) Time {
	before := maps.Clone(s.set)
	t := run()
	for name, value := range s.set {
		if was, had := before[name]; !sure && (!had || was != value) {
			s.set[name] = unknownWord
		}
	}
	return t
}

// beside is the time of two commands that run at the same time, or of which only one runs:
// the longer counts.
func (t Time) beside(u Time) Time {
	return Time{
		AtLeast: max(t.AtLeast, u.AtLeast), Planned: max(t.Planned, u.Planned),
		Endless: t.Endless || u.Endless, Open: t.Open || u.Open, stops: t.stops || u.stops,
	}
}

func (s *shell) one(c command) Time {
	switch c.kind {
	case "(":
		return s.run(c.body)
	case "if":
		return s.branches(c)
	case "while", "until":
		return s.loop(c)
	case "for":
		return s.times(c)
	case "((":
		s.computes(c)
		return Time{}
	}
	return s.simple(s.texts(c.words))
}

// branches takes the shorter branch for what is certain.
func (s *shell) branches(c command) Time {
	test := s.run(c.test)
	then := s.maybe(false, func() Time { return s.run(c.body) })
	otherwise := s.maybe(false, func() Time { return s.run(c.otherwise) })
	return Time{
		AtLeast: test.AtLeast + min(then.AtLeast, otherwise.AtLeast),
		Planned: test.Planned + max(then.Planned, otherwise.Planned),
		Open:    test.Open || then.Open || otherwise.Open || then.Endless || otherwise.Endless,
		stops:   test.stops || then.stops || otherwise.stops,
		ends:    then.ends && otherwise.ends,
	}
}

// Endless is more seconds than any grace period has.
const Endless = math.MaxInt32

// maxSteps bounds how many commands in loops are followed in a script.
const maxSteps = 10_000

// loop follows a loop that counts. Any other one is endless if nothing ends it, else open.
func (s *shell) loop(c command) Time {
	always := "true"
	if c.kind == "until" {
		always = "false"
	}
	if len(c.test) == 1 && len(c.test[0].words) == 1 {
		word := c.test[0].words[0].literal()
		if (word == always || word == ":" && always == "true") && !leaves(c.body) {
			return Time{Endless: true, AtLeast: Endless, Planned: Endless}
		}
	}
	before := maps.Clone(s.set)
	if t, ok := s.counted(c); ok {
		return t
	}
	s.set = before
	return s.maybe(false, func() Time {
		return Time{Open: true, stops: s.run(c.body).stops || s.run(c.test).stops}
	})
}

// counted follows a loop round by round, such as
//
//	i=0; while [ $i -lt 20 ]; do sleep 1; i=$((i+1)); done
//
// It is not ok if what the loop counts is not known in one of the rounds.
func (s *shell) counted(c command) (sum Time, ok bool) {
	if s.steps++; s.steps > maxSteps {
		return Time{}, false
	}
	test := s.run(c.test)
	sure := len(c.test) == 1 && !leaves(c.body)
	sum.Open, sum.stops = test.Open, test.stops
	for ; s.steps < maxSteps; s.steps += len(c.body) {
		again, known := s.goesOn(c)
		if !known || !again {
			if !sure {
				s.forget(c.body)
			}
			return sum, known
		}
		before := maps.Clone(s.set)
		t := s.run(c.body)
		switch {
		case t.ends:
			return Time{}, false
		case t.Endless || sure && !t.Open && maps.Equal(before, s.set):
			return Time{Endless: true, AtLeast: Endless, Planned: Endless}, sure
		}
		if sure {
			sum.AtLeast = min(sum.AtLeast+t.AtLeast, Endless)
		}
		sum.Planned = min(sum.Planned+t.Planned, Endless)
		sum.Open, sum.stops = sum.Open || t.Open, sum.stops || t.stops
		sure = sure && !t.Open && !t.stops
	}
	return Time{}, false
}

// times runs the body of a for loop once for each word.
func (s *shell) times(c command) Time {
	body := s.maybe(false, func() Time { return s.run(c.body) })
	n, known := s.count(c.words)
	if !known {
		return Time{Open: true, stops: body.stops}
	}
	t := Time{Planned: clip(body.Planned, n), Open: body.Open, stops: body.stops, Endless: body.Endless}
	switch {
	case body.Open || body.stops:
		t.AtLeast = body.AtLeast
	case !leaves(c.body):
		t.AtLeast = clip(body.AtLeast, n)
	}
	return t
}

func clip(seconds, n int) int { return min(min(seconds, Endless)*min(n, Endless), Endless) }

// Harmless commands take no time, and do nothing to a server.
var Harmless = strings.Fields(": true false echo printf test [ [[ date export unset set trap cd pwd ls cat mkdir logger local id hostname whoami sync umask shift tee grep awk sed seq cut tr wc head tail jq")

// certain are commands that always succeed.
var certain = strings.Fields(": true echo printf date export set trap sleep")

// succeeds reports whether c is known to end with the status 0.
func (c command) succeeds() bool {
	return c.kind == "" && len(c.words) > 0 && slices.Contains(certain, path.Base(c.words[0].literal()))
}

// simple is how long one program takes.
func (s *shell) simple(words []string) Time {
	var t Time
	for len(words) > 0 && s.assigns(words[0], len(words) == 1) {
		t.Open = t.Open || strings.Contains(words[0], unknownWord) // the command that prints the value may take any time
		words = words[1:]
	}
	if len(words) == 0 {
		return t
	}
	name := path.Base(words[0])
	switch {
	case strings.HasSuffix(words[0], "/"), strings.Contains(words[0], " "):
		return Time{} // no program: it fails
	case name == "exec" && len(words) > 1:
		t := s.simple(words[1:])
		t.ends = true
		return t
	case name == "exit" || name == "return" || name == "break" || name == "continue":
		return Time{ends: true}
	case slices.Contains([]string{"command", "nohup", "time", "env", "busybox", "toybox", "tini", "dumb-init", "--"}, name):
		return s.simple(words[1:])
	case name == "sleep":
		return Sleeps(words[1:])
	case name == "timeout" && len(words) > 2:
		return s.atMost(words[1:])
	case name == "wait" && len(words) == 1:
		return Time{AtLeast: s.background, Planned: s.background}
	case name == "wait": // for one of those in the background
		return Time{Planned: s.background}
	case name == "tail" && slices.ContainsFunc(words[1:], follows):
		return Time{Endless: true, AtLeast: Endless, Planned: Endless}
	case slices.Contains([]string{"export", "declare", "local", "readonly", "typeset"}, name):
		for _, w := range words[1:] {
			t.Open = s.assigns(w, true) && strings.Contains(w, unknownWord) || t.Open
		}
		return t
	case name == "set":
		s.errexit = s.errexit || len(words) > 1 && strings.HasPrefix(words[1], "-") && strings.Contains(words[1], "e")
		return Time{}
	case IsShell(name):
		return s.inner(words)
	case slices.Contains(Harmless, name):
		return Time{}
	}
	return Time{Open: true, stops: stopsServer(name, words[1:])}
}

// follows is an option by which tail never ends.
func follows(option string) bool {
	if long, found := strings.CutPrefix(option, "--"); found {
		return strings.HasPrefix(long, "follow")
	}
	return strings.HasPrefix(option, "-") && strings.ContainsAny(option, "fF")
}

// stopsServer reports whether the command stops a server: kill, or a program with an
// argument such as stop.
func stopsServer(name string, args []string) bool {
	return slices.Contains([]string{"kill", "killall", "pkill", "killall5"}, name) && !slices.Contains(args, "-0") ||
		slices.ContainsFunc(args, func(arg string) bool {
			return slices.Contains([]string{"quit", "stop", "graceful-stop", "shutdown", "leave", "exit", "--stop", "--shutdown", "-stop"}, arg)
		})
}

// atMost is timeout 10 command.
func (s *shell) atMost(words []string) Time {
	for len(words) > 2 && strings.HasPrefix(words[0], "-") {
		if words[0] == "-s" || words[0] == "-k" {
			words = words[1:]
		}
		words = words[1:]
	}
	t, limit := s.simple(words[1:]), Sleeps(words[:1])
	if limit.Open {
		return Time{Open: true, stops: t.stops}
	}
	t.AtLeast, t.Planned = min(t.AtLeast, limit.AtLeast), min(t.Planned, limit.Planned)
	t.Endless = false
	return t
}

// inner is a script that a shell runs: sh -c "...", or sh /path that is mounted.
func (s *shell) inner(words []string) Time {
	text, found := "", false
	s.bash = path.Base(words[0]) == "bash"
	for i, w := range words[1:] {
		if !strings.HasPrefix(w, "-") {
			text, found = s.script(w)
			break
		}
		s.errexit = s.errexit || !strings.HasPrefix(w, "--") && strings.Contains(w, "e")
		if !strings.HasPrefix(w, "--") && strings.Contains(w, "c") && i+2 < len(words) {
			text, found = words[i+2], true
			break
		}
	}
	list, ok := parseShell(text)
	if !found || !ok || s.depth > 3 || strings.Contains(text, unknownWord) {
		return Time{Open: true}
	}
	s.depth++
	t := s.run(list)
	s.depth--
	t.ends = false
	return t
}

// units of the arguments of sleep.
var units = map[byte]float64{'s': 1, 'm': 60, 'h': 3600, 'd': 86400}

// Sleeps is how long sleep takes with these arguments, which it adds up. It takes no time
// if one of them is none: then sleep fails.
func Sleeps(args []string) (t Time) {
	total := 0.0
	for _, arg := range args {
		if strings.HasPrefix(arg, "inf") {
			return Time{Endless: true, AtLeast: Endless, Planned: Endless}
		}
		if strings.Contains(arg, unknownWord) {
			return Time{Open: true}
		}
		factor := 1.0
		if n := len(arg); n > 0 && units[arg[n-1]] > 0 {
			factor, arg = units[arg[n-1]], arg[:n-1]
		}
		seconds, err := strconv.ParseFloat(arg, 64)
		if err != nil || !(seconds >= 0) {
			return Time{}
		}
		total += seconds * factor
	}
	seconds := int(min(total, Endless))
	return Time{AtLeast: seconds, Planned: seconds}
}
