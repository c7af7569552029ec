package model

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
)

// drainsOf finds settings by their names.
var drainsOf = indexed(drainSettings)

type drainIndex struct {
	name            map[string][]*drainSetting
	env, annotation map[string]*drainSetting
}

func indexed(settings []drainSetting) drainIndex {
	index := drainIndex{map[string][]*drainSetting{}, map[string]*drainSetting{}, map[string]*drainSetting{}}
	for i := range settings {
		s := &settings[i]
		if s.name != "" {
			index.name[folded(s.name)] = append(index.name[folded(s.name)], s)
		}
		for name := range strings.FieldsSeq(s.env) {
			index.env[name] = s
		}
		if s.annotation != "" {
			index.annotation[s.annotation] = s
		}
	}
	return index
}

// folded is the one spelling of a name by which settings are found.
func folded(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }

// named is the setting of that name, or of its last part, in a file of that path and
// text; a flag is in none.
func named(name, path, text string) *drainSetting {
	if len(name) > longestName {
		return nil
	}
	name = folded(name)
	all := drainsOf.name[name]
	if all == nil {
		all = drainsOf.name[name[strings.LastIndexByte(name, '.')+1:]]
	}
	for _, s := range all {
		if s.file == "" || hasOne(strings.ToLower(path), s.file) || hasOne(strings.ToLower(text), s.file) {
			return s
		}
	}
	return nil
}

// longestName bounds what is compared: no setting is longer.
const longestName = 100

// Drains are the settings of the container, in its command, its environment and the
// files that it mounts.
func (c *Container) Drains() []Drain {
	if c.found != nil {
		return *c.found
	}
	words := c.expandedWords()
	texts := []string{strings.Join(words, " ")}
	all := ofFlags(words, "its command")
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
			all = append(all, ofFlags(script.Words(f.Text, c.valueOf), f.from)...)
		}
	}
	for _, o := range c.configMaps() {
		for name, text := range dataOf(o) {
			texts = append(texts, name+": "+text)
			all = append(all, ofLines(name+": "+text, "", o.String())...)
		}
	}
	all = switchedOn(all, texts)
	hook := ""
	if h := c.PreStop(); h.Present() {
		hook = strings.Join(h.Get("exec", "command").Texts(), " ") + h.Get("httpGet", "path").Text()
	}
	all = slices.DeleteFunc(all, func(d Drain) bool { return d.hook != "" && !hasOne(hook, d.hook) })
	slices.SortFunc(all, func(a, b Drain) int { return strings.Compare(a.from+a.written, b.from+b.written) })
	c.found = &all
	return all
}

// switchedOn are the settings that no text switches off.
func switchedOn(all []Drain, texts []string) []Drain {
	return slices.DeleteFunc(all, func(d Drain) bool { return d.off != nil && slices.ContainsFunc(texts, d.off.MatchString) })
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

// hasOne reports whether the text has one of the words, which | separates.
func hasOne(text, words string) bool {
	for word := range strings.SplitSeq(words, "|") {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
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
		if s := named(name, "", strings.Join(words, " ")); s != nil {
			all = s.add(all, value, written, from)
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
	if s := drainsOf.env[name]; s != nil {
		return s.add(nil, v.Text, name+"="+v.Text, from)
	}
	if strings.HasPrefix(name, "TRAEFIK_") {
		if s := named(strings.ReplaceAll(name, "_", "."), "", ""); s != nil {
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

// ofLines reads a file with a setting on a line, or within braces: its name, then a space,
// = or :, then its value. All of these servers are configured that way.
func ofLines(text, path, from string) (all []Drain) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "//") {
			continue
		}
		for entry := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == '{' || r == ',' }) {
			entry = strings.Trim(entry, "\"'- \t")
			end := strings.IndexAny(entry, " \t=:\"'")
			if end <= 0 {
				continue
			}
			if s := named(entry[:end], path, text); s != nil {
				value := valueOf(entry[end:])
				all = s.add(all, value, entry[:end]+" "+value, from)
			}
		}
	}
	return all
}

// valueOf is the value of a setting, in the text after its name.
func valueOf(text string) string {
	value := strings.TrimLeft(text, " \t=:\"'")
	if i := strings.IndexAny(value, ";#}\"'"); i >= 0 {
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
		texts = append(texts, v.Text())
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

// SecondsOf reads a duration, rounded up to seconds: 90s, 1m30s, 90, 90 sec, PT90S.
func SecondsOf(text string, unit time.Duration) (seconds int, ok bool) {
	if unit == 0 {
		unit = time.Second
	}
	text = strings.Trim(text, "\"' ")
	text = strings.ToLower(strings.TrimPrefix(text, "PT"))
	if d, err := time.ParseDuration(text); err == nil && text != "0" {
		return roundedUp(float64(d)), d >= 0
	}
	number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz ")
	if name := strings.TrimSpace(text[len(number):]); name != "" {
		if unit = timeUnits[name]; unit == 0 {
			return 0, false
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	return roundedUp(n * float64(unit)), err == nil && n >= 0
}

func roundedUp(nanoseconds float64) int {
	return int(math.Ceil(min(nanoseconds/float64(time.Second), script.Endless)))
}

// DrainTime is how long one server takes after the stop signal, by its settings.
type DrainTime struct {
	Server   string
	Longest  int     // seconds
	Accepts  int     // the part of it in which it accepts connections, which it always takes
	Settings []Drain // that make up longest
	Delays   []Drain // that make up accepts
}

// LongestDrain is that of the server which takes longest; not ok without a setting.
func LongestDrain(settings []Drain) (longest DrainTime, ok bool) {
	byServer := map[string]*DrainTime{}
	for _, d := range settings {
		if byServer[d.server] == nil {
			byServer[d.server] = &DrainTime{Server: d.server}
		}
		byServer[d.server].add(d)
	}
	for _, t := range byServer {
		t.sum()
		if !ok || t.Longest > longest.Longest || t.Longest == longest.Longest && t.Server < longest.Server {
			longest, ok = *t, true
		}
	}
	return longest, ok
}

// add keeps the longest where a setting is written several times.
func (t *DrainTime) add(d Drain) {
	for i, other := range t.Settings {
		if other.drainSetting == d.drainSetting {
			if d.seconds > other.seconds {
				t.Settings[i] = d
			}
			return
		}
	}
	t.Settings = append(t.Settings, d)
}

func (t *DrainTime) sum() {
	whole := -1
	for _, d := range t.Settings {
		if d.whole {
			whole = d.seconds
		}
		if d.accepts {
			t.Accepts += d.seconds
			t.Delays = append(t.Delays, d)
		}
		t.Longest += d.seconds
	}
	if whole >= 0 {
		t.Longest = whole
		t.Settings = slices.DeleteFunc(t.Settings, func(d Drain) bool { return !d.whole })
	}
}

// terms are the settings as a sum: nginx worker_shutdown_timeout 60 s.
func terms(settings []Drain) string {
	var terms []string
	for _, d := range settings {
		terms = append(terms, fmt.Sprintf("%s %d s", d.called(), d.seconds))
	}
	return strings.Join(terms, " + ")
}

// called is the name by which users know the setting.
func (d Drain) called() string {
	switch {
	case strings.HasPrefix(d.written, "-") && !strings.Contains(d.written, "."):
		name, _, _ := strings.Cut(d.written, "=")
		name, _, _ = strings.Cut(name, " ")
		return name
	case d.name != "":
		return d.name
	case d.env != "" && d.annotation == "":
		name, _, _ := strings.Cut(d.written, "=")
		return name
	}
	return d.annotation
}

// Places are where the settings are written.
func Places(settings []Drain) string {
	var from []string
	for _, d := range settings {
		from = append(from, d.from+": "+d.written)
	}
	return strings.Join(from, "; ")
}
