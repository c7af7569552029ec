package model

import (
	"fmt"
	"slices"
	"strings"
)

// DrainTime is how long one server takes after the stop signal, by its settings.
type DrainTime struct {
	Server   string
	Longest  int     // seconds
	Accepts  int     // the part of it in which it accepts connections, which it always takes
	Settings []Drain // that make up longest
	Delays   []Drain // that make up accepts
	InHook   bool    // on the stop signal the server ends at once, so the hook has to wait for all of it
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
		t.InHook = t.InHook || d.inHook
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
		name, _, _ := strings.Cut(d.name, " ")
		return name
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
