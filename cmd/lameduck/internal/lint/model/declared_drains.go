package model

import (
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
)

// Drains are the settings of the container, in its command, its environment and the
// files that it mounts.
func (c *Container) Drains() []Drain {
	if c.found != nil {
		return *c.found
	}
	words := c.expandedWords()
	texts := []string{strings.Join(words, " ")}
	all := slices.Concat(ofFlags(words, "its command"), ofDirectives(words, "its command"))
	for name, v := range c.Environment() {
		if v.known {
			texts = append(texts, name+"="+v.Text)
			all = append(all, ofVariable(name, v)...)
		}
	}
	for _, f := range c.Files() {
		texts = append(texts, f.Text)
		all = append(all, ofLines(f.Text, f.path, f.from)...)
		if strings.HasPrefix(f.Text, "#!") && script.Shebang(f.Text) != "" {
			words := script.Words(f.Text, c.valueOf)
			all = slices.Concat(all, ofFlags(words, f.from), ofDirectives(words, f.from))
		}
	}
	for _, o := range c.configMaps() {
		for name, text := range dataOf(o) {
			texts = append(texts, name+": "+text)
			all = append(all, ofLines(name+": "+text, "", o.String())...)
		}
	}
	all = switchedOn(all, texts)
	all = append(all, c.defaults(all)...)
	all = slices.DeleteFunc(all, c.neverDrains)
	slices.SortFunc(all, func(a, b Drain) int { return strings.Compare(a.from+a.written, b.from+b.written) })
	c.found = &all
	return all
}

// defaults are what a server takes where nothing sets it: nothing does in the command of its
// image, if that names no file that may.
func (c *Container) defaults(set []Drain) (all []Drain) {
	words := c.expandedWords()
	if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(w, "config-file") }) {
		return nil
	}
	for i := range drainSettings {
		s := &drainSettings[i]
		program := strings.ToLower(s.server)
		if s.byDefault == 0 || c.imageName() != program || slices.ContainsFunc(set, func(d Drain) bool { return d.drainSetting == s }) ||
			c.Get("command").Present() && !slices.ContainsFunc(words, func(w string) bool { return path.Base(w) == program }) {
			continue
		}
		all = append(all, Drain{s, s.byDefault, s.name + " is not set", "the default of " + s.server})
	}
	return all
}

// switchedOn are the settings that no text switches off, and that a text switches on if
// they are off by default.
func switchedOn(all []Drain, texts []string) []Drain {
	return slices.DeleteFunc(all, func(d Drain) bool {
		return d.off != nil && slices.ContainsFunc(texts, d.off.MatchString) || d.on != nil && !slices.ContainsFunc(texts, d.on.MatchString)
	})
}

// neverDrains reports whether nothing asks the server to drain: no preStop hook does, where
// only that can, or it gets a signal on which it stops at once.
func (c *Container) neverDrains(d Drain) bool {
	if d.hook != "" {
		h := c.PreStop()
		return !hasOne(strings.Join(h.Get("exec", "command").Texts(), " ")+h.Get("httpGet", "path").Text(), d.hook)
	}
	server := finding.ServerNamed(d.server)
	signal, _ := c.StopSignal()
	return server != nil && signal != "" && server.StopsAtOnce(signal)
}

// expandedWords are the words of the command, those of a script after sh -c as the shell
// expands them.
func (c *Container) expandedWords() []string {
	words := c.words()
	if call, ok := script.StartsShell(words); ok && call.InArg {
		return slices.Concat(words[:call.Word], script.Words(words[call.Word], c.valueOf), words[call.Word+1:])
	}
	return words
}

// ofFlags reads --name value, --name=value and -Dname=value.
func ofFlags(words []string, from string) (all []Drain) {
	var single []string
	for _, w := range words {
		single = append(single, strings.Fields(w)...) // a script of sh -c
	}
	for i, w := range single {
		if !strings.HasPrefix(w, "-") {
			continue
		}
		name, value, assigned := strings.Cut(strings.TrimPrefix(strings.TrimLeft(w, "-"), "D"), "=")
		written := w
		if !assigned && i+1 < len(single) {
			value, written = single[i+1], w+" "+single[i+1]
		}
		if s := flagged(name, strings.Join(words, " ")); s != nil {
			all = s.add(all, value, written, from)
		}
	}
	return all
}

// ofDirectives reads the directives that nginx -g adds to its file.
func ofDirectives(words []string, from string) (all []Drain) {
	for i, w := range words {
		if w == "-g" && i+1 < len(words) {
			all = append(all, ofLines(strings.ReplaceAll(words[i+1], ";", "\n"), "", from)...)
		}
	}
	return all
}

// ofVariable reads a variable: a setting, the flags of a program, or a setting of
// Traefik with the names in it separated by _.
func ofVariable(name string, v Variable) []Drain {
	from := "the environment"
	if v.from != "" {
		from = v.from
	}
	if s := drainsOf.env[strings.ToUpper(name)]; s != nil { // .NET reads them in any letter case
		return s.add(nil, v.Text, name+"="+v.Text, from)
	}
	if strings.HasPrefix(name, "TRAEFIK_") {
		if s := flagged(strings.ReplaceAll(name, "_", "."), ""); s != nil {
			return s.add(nil, v.Text, name+"="+v.Text, from)
		}
	}
	if name == "SPRING_APPLICATION_JSON" {
		return ofLines(v.Text, "", from+" ("+name+")")
	}
	if strings.HasSuffix(name, "_ARGS") || strings.HasSuffix(name, "_OPTS") || strings.HasSuffix(name, "_OPTIONS") {
		return ofFlags([]string{v.Text}, from+" ("+name+")")
	}
	return nil
}

// ofLines reads a file with a setting on a line, within braces, or as an attribute of XML: its
// name, then a space, = or :, then its value. All of these servers are configured that way.
func ofLines(text, path, from string) (all []Drain) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "//") || strings.HasPrefix(line, "<!--") {
			continue
		}
		isXML := strings.HasPrefix(line, "<")
		for entry := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == '{' || r == '(' || r == ',' || isXML && r == ' ' }) {
			flag := strings.HasPrefix(strings.TrimLeft(entry, "\"' \t"), "--")
			entry = strings.Trim(entry, "\"'- \t")
			end := strings.IndexAny(entry, " \t=:\"'")
			if end <= 0 {
				continue
			}
			s := keyed(entry[:end], path, text)
			if flag {
				s = flagged(entry[:end], text)
			}
			if s != nil {
				value := valueOf(entry[end:])
				all = s.add(all, value, entry[:end]+" "+value, from)
			}
		}
	}
	return all
}

// valueOf is the value of a setting, in the text after its name.
func valueOf(text string) string {
	value := strings.TrimLeft(text, " \t=:>\"'")
	if i := strings.IndexAny(value, ";#})\"'"); i >= 0 {
		value = value[:i]
	}
	return strings.TrimSpace(value)
}

// add adds the setting if the value is a time.
func (s *drainSetting) add(all []Drain, value, written, from string) []Drain {
	seconds, ok := SecondsOf(value, s.unit)
	if !ok {
		return all
	}
	return append(all, Drain{s, seconds, written, from})
}

// drains are the settings for what a mesh adds to the pods.
func (w *Workload) drains() (all []Drain) {
	var texts []string
	for name, v := range w.Template.Get("metadata", "annotations").Fields() {
		texts = append(texts, name+": "+v.Text())
		from := "the annotation of the pods"
		if s := drainsOf.annotation[name]; s != nil {
			all = s.add(all, v.Text(), name+": "+v.Text(), from)
		}
		if name == "proxy.istio.io/config" {
			all = append(all, ofLines(v.Text(), "", from+" "+name)...)
		}
	}
	return switchedOn(all, texts)
}

// timeUnits are units of durations in the files of servers.
var timeUnits = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "sec": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute, "minutes": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

// SecondsOf reads a duration, rounded up to seconds: 90s, 1m30s, 1m 30s, 90, 90 sec, PT90S.
func SecondsOf(text string, unit time.Duration) (seconds int, ok bool) {
	if unit == 0 {
		unit = time.Second
	}
	text = strings.Trim(text, "\"' ")
	text = strings.ToLower(strings.TrimPrefix(text, "PT"))
	if d, err := time.ParseDuration(strings.ReplaceAll(text, " ", "")); err == nil && text != "0" {
		return roundedUp(float64(d)), d >= 0
	}
	number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz ")
	if name := strings.TrimSpace(text[len(number):]); name != "" {
		if unit = timeUnits[name]; unit == 0 {
			return 0, false
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if unit == needsUnit && n != 0 {
		return 0, false
	}
	return roundedUp(n * float64(unit)), err == nil && n >= 0
}

func roundedUp(nanoseconds float64) int {
	return int(math.Ceil(min(nanoseconds/float64(time.Second), script.Endless)))
}
