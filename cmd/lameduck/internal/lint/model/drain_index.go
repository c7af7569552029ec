package model

import "strings"

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
		for name := range strings.FieldsSeq(s.name) {
			index.name[folded(name)] = append(index.name[folded(name)], s)
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

// ofName are the settings of that name, or of its last part.
func ofName(name string) []*drainSetting {
	if len(name) > longestName {
		return nil
	}
	name = folded(name)
	if all := drainsOf.name[name]; all != nil {
		return all
	}
	return drainsOf.name[name[strings.LastIndexByte(name, '.')+1:]]
}

// flagged is the setting that a flag of that name has in a command of that text.
func flagged(name, command string) *drainSetting {
	for _, s := range ofName(name) {
		if s.flag || s.file == "" || hasOne(strings.ToLower(command), s.file) {
			return s
		}
	}
	return nil
}

// keyed is the setting that a key of that name has in a file of that path and text.
func keyed(name, path, text string) *drainSetting {
	for _, s := range ofName(name) {
		switch {
		case s.file == "" && !s.flag,
			s.file != "" && (hasOne(strings.ToLower(path), s.file) || hasOne(strings.ToLower(text), s.file)):
			return s
		}
	}
	return nil
}

// longestName bounds what is compared: no setting is longer.
const longestName = 100

// hasOne reports whether the text has one of the words, which | separates.
func hasOne(text, words string) bool {
	for word := range strings.SplitSeq(words, "|") {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
